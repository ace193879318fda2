import { createHash } from 'node:crypto'
import { HoldfastError } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { arrivedChanged } from '../storage/s3/failures.ts'
import { extendLock, type FoundLock, requireLocked } from '../storage/s3/lock.ts'
import type { OwnObject } from '../storage/s3/ownObject.ts'
import type { Stored } from '../storage/s3/putOrder.ts'
import { byServerClock } from '../storage/s3/serverClock.ts'
import { completeFacts, toMetadata } from './artifactFacts.ts'
import { expiryOf } from './expiry.ts'
import { requireAsExported } from './exportedMeta.ts'
import { changed, type LocalArtifact } from './localArtifact.ts'
import type { Checksums } from './measure.ts'
import { type MetaWritten, requireNoForeignMeta, writeMeta } from './metaObject.ts'
import { pruneLocal } from './pruneLocal.ts'
import { requireReadable } from './readable.ts'
import { tellOfReplaced } from './replacedMeta.ts'
import { explained, lookAt, put, type RemoteObject } from './remoteObject.ts'
import type { StepListener } from './step.ts'
import type { UploadPlan } from './uploadPlan.ts'
import { contentDifferences, differences, encryptionDifferences, type Verified, verifiedOf } from './verifyStored.ts'

interface UploadOptions {
  /** Replace another content of the same key. */
  force: boolean
  /** Remove the file once it is verified in the bucket. */
  prune: boolean
  clock: Clock
  progress: ProgressListener
  onStep: StepListener
  signal: AbortSignal
}

/** What an upload left. */
export interface Uploaded extends Omit<UploadPlan, 'encryption' | 'read'> {
  /** Skipped where the same content was there already, or came there meanwhile, encrypted as asked. */
  status: 'uploaded' | 'skipped'
  /** Whether another content had the key before. */
  replaced: boolean
  versionId: string | undefined
  verified: Verified
  meta: MetaWritten
  /** Local files that were removed. */
  removed: string[]
}

/**
 * Uploads a file as planned, has the server tell what it stored and compares it, and notes its facts in an object beside it.
 * @throws HoldfastError `refused` where the key holds something else, or the server does not encrypt or lock as asked; `integrity` where
 * the file changes meanwhile or is not what is told of it (then nothing is stored of it), what the server tells is not what was sent,
 * or another upload has replaced the object before this one had ended; `repository` where it cannot be reached.
 */
export async function uploadArtifact(
  bucket: Bucket,
  artifact: LocalArtifact,
  plan: UploadPlan,
  options: UploadOptions,
): Promise<Uploaded> {
  try {
    return await upload(bucket, artifact, plan, options)
  } catch (error) {
    // Why the upload failed matters more than the note beside what it left.
    if (options.force) await tellOfReplaced(bucket, plan, options.signal).catch(() => {})
    throw error
  }
}

async function upload(bucket: Bucket, artifact: LocalArtifact, planned: UploadPlan, options: UploadOptions): Promise<Uploaded> {
  const { force, prune, onStep, signal } = options
  let plan = planned
  const before = await lookAt(bucket, plan.key, signal)
  // The file must have been read to say that it is the same.
  const isSame = before !== undefined && plan.read !== undefined && contentDifferences(plan, before).length === 0
  const unencrypted = isSame ? encryptionDifferences(plan, before) : []
  let isThere = isSame && unencrypted.length === 0
  let stored: Stored | undefined
  if (before !== undefined && !isThere && !force) {
    const why = isSame ? unencrypted : contentDifferences(plan, before)
    throw taken(plan, why.length > 0 ? why : ['it came there just now'])
  }
  if (before === undefined && !force) await requireNoForeignMeta(bucket, plan, signal)
  if (!isThere) {
    // By force what was seen is replaced, and nothing that comes there meanwhile.
    const sent = await send(bucket, artifact, plan, { ...options, onlyNew: !force || before === undefined })
    plan = { ...plan, read: sent.read }
    stored = sent.stored
    isThere = stored === undefined
  }

  const after = await lookAt(bucket, plan.key, signal)
  if (isThere && before === undefined) requireSameUpload(plan, after)
  requireAsSent(plan, after)
  const verified = verifiedOf(plan, after, await lockAsAsked(bucket, plan, stored?.own, signal))
  onStep(isThere ? 'skipped' : 'verified', { uri: plan.uri, ...verified })
  // The object has the facts of the upload that made it.
  const facts = completeFacts(after.facts, plan.facts)
  const meta = await writeMeta(bucket, plan, { facts, isNew: !isThere, force, signal })
  onStep('meta', { key: plan.metaKey, meta })
  requireSameObject(plan, after, await lookAt(bucket, plan.key, signal))
  const removed = prune ? await pruneUploaded(bucket, artifact, { plan, verified, after }, options) : []
  if (prune) onStep('pruned', { removed })
  const { encryption: _, read: __, ...told } = plan
  return {
    status: isThere ? 'skipped' : 'uploaded',
    ...told,
    facts,
    replaced: before !== undefined && !isThere,
    versionId: after.versionId,
    verified,
    meta,
    removed,
  }
}

/** Removes the file, where the object can be read and neither the server nor the rules of the bucket tell that it goes soon. */
async function pruneUploaded(
  bucket: Bucket,
  artifact: LocalArtifact,
  { plan, verified, after }: { plan: UploadPlan; verified: Verified; after: RemoteObject },
  { clock, signal }: UploadOptions,
): Promise<string[]> {
  const expires = await expiryOf(bucket, plan.key, after, signal)
  await requireReadable(bucket, plan, signal)
  requireSameObject(plan, after, await lookAt(bucket, plan.key, signal))
  return pruneLocal(artifact, plan, { checksum: verified.checksum, expires }, byServerClock(bucket, clock.now()))
}

/** @returns what was sent, its digests where they were known before, and what is stored of it: another upload may have been faster. */
async function send(
  bucket: Bucket,
  artifact: LocalArtifact,
  plan: UploadPlan,
  { onlyNew, progress, onStep, signal }: UploadOptions & { onlyNew: boolean },
): Promise<{ read: Checksums; stored: Stored | undefined }> {
  const whole = plan.read === undefined ? createHash('sha256') : undefined
  onStep('upload', { uri: plan.uri, size: plan.size, sha256: plan.sha256, parts: plan.parts })
  const body = async function* () {
    let done = 0
    for await (const chunk of plan.compress ? artifact.gzipped() : artifact.bytes()) {
      whole?.update(chunk)
      yield chunk
      done += chunk.length
      progress({ phase: 'upload', done, total: plan.size })
    }
    // The whole content has been read, and nothing of it exists in the bucket yet.
    await artifact.requireUnchanged()
  }
  const sent = { checksum: '' }
  const stored = await put(bucket, plan.key, body(), {
    ...(plan.read === undefined ? {} : { digests: plan.read.digests }),
    onlyNew,
    metadata: toMetadata(plan.facts),
    contentType: plan.key.endsWith('.gz') ? 'application/gzip' : 'application/octet-stream',
    partSize: plan.partSize,
    approve: ({ size, checksum }) => {
      if (whole !== undefined) requireAsExported(plan.file, plan, { size, sha256: whole.digest('hex') })
      else if (size !== plan.size || checksum !== plan.read?.checksum)
        throw changed(plan.file, `expected the checksum ${plan.read?.checksum}, found ${checksum}`)
      sent.checksum = checksum
    },
    signal,
  }).catch(async (error: unknown) => {
    signal.throwIfAborted()
    await artifact.requireUnchanged()
    // The server compares each part with what was measured, and stores nothing where it is another.
    if (plan.read === undefined || !(error instanceof HoldfastError && arrivedChanged(error.cause))) throw error
    throw changed(plan.file, `the server got other bytes than were measured, unless the network changes them: ${error.message}`)
  })
  return { read: { digests: [], ...plan.read, ...sent }, stored }
}

/** Locks also what was there before, perhaps without a lock or with a shorter one; and looks whether it is locked then. */
async function lockAsAsked(
  bucket: Bucket,
  { key }: UploadPlan,
  own: OwnObject | undefined,
  signal: AbortSignal,
): Promise<FoundLock | undefined> {
  if (bucket.lock === undefined) return undefined
  return explained(bucket, 'lock', key, signal, async () => {
    await extendLock(bucket, key, { signal })
    return requireLocked(bucket, key, own)
  })
}

function requireAsSent(plan: UploadPlan, found: RemoteObject | undefined): asserts found is RemoteObject {
  const wrong = found === undefined ? ['it is not there'] : differences(plan, found)
  if (wrong.length === 0) return
  throw new HoldfastError('integrity', `${plan.uri} is not what was uploaded: ${wrong.join('; ')}`, {
    hint: 'the local file is kept; find out what else writes to this bucket, then upload it again',
  })
}

/** Two uploads of one content at once are no contradiction. */
function requireSameUpload(plan: UploadPlan, found: RemoteObject | undefined): void {
  const wrong = found === undefined ? ['and is gone again'] : differences(plan, found)
  if (wrong.length > 0) throw taken(plan, ['it came there during the upload', ...wrong])
}

/** Who replaces an object by force may do so between the first look at what was sent and the note beside it. */
function requireSameObject({ uri, metaKey }: UploadPlan, seen: RemoteObject, now: RemoteObject | undefined): void {
  if (now?.etag === seen.etag && now?.versionId === seen.versionId) return
  const what = now === undefined ? 'was removed' : 'was replaced by another upload'
  throw new HoldfastError('integrity', `${uri} ${what} before this upload had ended`, {
    hint: `the local file is kept; ${metaKey} may describe it and not the object that is there now: whoever wants that object uploads it again`,
  })
}

function taken({ uri }: UploadPlan, why: readonly string[]): HoldfastError {
  return new HoldfastError('refused', `${uri} is there already: ${why.join('; ')}`, {
    hint: 'choose another --prefix or rename the file; or give --force to replace what is there',
  })
}
