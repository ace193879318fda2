import { HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { arrivedChanged } from '../storage/s3/failures.ts'
import { extendLock } from '../storage/s3/lock.ts'
import { completeFacts, toMetadata } from './artifactFacts.ts'
import { changed, type LocalArtifact } from './localArtifact.ts'
import { type MetaWritten, writeMeta } from './metaObject.ts'
import { pruneLocal, requirePrunable } from './pruneLocal.ts'
import { explained, lookAt, put, type RemoteObject } from './remoteObject.ts'
import type { StepListener } from './step.ts'
import type { UploadPlan } from './uploadPlan.ts'
import { contentDifferences, differences, encryptionDifferences, type Verified, verifiedOf } from './verifyStored.ts'

interface UploadOptions {
  /** Replace another content of the same key. */
  force: boolean
  /** Remove the file once it is verified in the bucket. */
  prune: boolean
  progress: ProgressListener
  onStep: StepListener
  signal: AbortSignal
}

/** What an upload left. */
export interface Uploaded extends Omit<UploadPlan, 'encryption' | 'checksum' | 'digests'> {
  /** Skipped where the same content was there already, encrypted as asked. */
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
 * @throws HoldfastError `refused` where the key holds something else, or the server does not encrypt as asked; `integrity` where the file
 * changes meanwhile (then nothing is stored of it), or what the server tells is not what was sent; `repository` where it cannot be reached.
 */
export async function uploadArtifact(
  bucket: Bucket,
  artifact: LocalArtifact,
  plan: UploadPlan,
  options: UploadOptions,
): Promise<Uploaded> {
  const { force, prune, onStep, signal } = options
  if (prune) requirePrunable(artifact)
  const before = await lookAt(bucket, plan.key, signal)
  const isSame = before !== undefined && contentDifferences(plan, before).length === 0
  const unencrypted = isSame ? encryptionDifferences(plan, before) : []
  const isThere = isSame && unencrypted.length === 0
  if (before !== undefined && !isThere && !force) throw taken(plan, isSame ? unencrypted : contentDifferences(plan, before))
  if (!isThere) await send(bucket, artifact, plan, options)

  const after = await lookAt(bucket, plan.key, signal)
  requireAsSent(plan, after)
  const verified = verifiedOf(plan, after)
  onStep(isThere ? 'skipped' : 'verified', { uri: plan.uri, ...verified })
  if (bucket.lock !== undefined) {
    // Also where it was there before, perhaps without a lock or with a shorter one.
    await explained(bucket, 'lock', plan.key, signal, async () => extendLock(bucket, plan.key, { signal }))
    onStep('locked', { mode: bucket.lock.mode, days: bucket.lock.days })
  }
  // The object has the facts of the upload that made it.
  const facts = completeFacts(after.facts, plan.facts)
  const meta = await writeMeta(bucket, plan, { facts, isNew: !isThere, signal })
  onStep('meta', { key: plan.metaKey, meta })
  const removed = prune ? await pruneLocal(artifact, plan, verified) : []
  if (prune) onStep('pruned', { removed })
  const { encryption: _, checksum: __, digests: ___, ...told } = plan
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

async function send(bucket: Bucket, artifact: LocalArtifact, plan: UploadPlan, options: UploadOptions): Promise<void> {
  const { force, progress, onStep, signal } = options
  onStep('upload', { uri: plan.uri, size: plan.size, sha256: plan.sha256, parts: plan.parts })
  const body = async function* () {
    let done = 0
    for await (const chunk of plan.compress ? artifact.gzipped() : artifact.bytes()) {
      yield chunk
      done += chunk.length
      progress({ phase: 'upload', done, total: plan.size })
    }
    // The whole content has been read, and nothing of it exists in the bucket yet.
    await artifact.requireUnchanged()
  }
  const stored = await put(bucket, plan.key, body(), {
    digests: plan.digests,
    onlyNew: !force,
    metadata: toMetadata(plan.facts),
    contentType: plan.key.endsWith('.gz') ? 'application/gzip' : 'application/octet-stream',
    partSize: plan.partSize,
    approve: ({ size, checksum }) => {
      if (size !== plan.size || checksum !== plan.checksum)
        throw changed(plan.file, `expected the checksum ${plan.checksum}, found ${checksum}`)
    },
    signal,
  }).catch(async (error: unknown) => {
    signal.throwIfAborted()
    await artifact.requireUnchanged()
    // The server compares each part with what was measured, and stores nothing where it is another.
    if (!(error instanceof HoldfastError && arrivedChanged(error.cause))) throw error
    throw changed(plan.file, `the server got other bytes than were measured, unless the network changes them: ${error.message}`)
  })
  if (stored === undefined) throw taken(plan, ['it came there during the upload'])
}

function requireAsSent(plan: UploadPlan, found: RemoteObject | undefined): asserts found is RemoteObject {
  const wrong = found === undefined ? ['it is not there'] : differences(plan, found)
  if (wrong.length === 0) return
  throw new HoldfastError('integrity', `${plan.uri} is not what was uploaded: ${wrong.join('; ')}`, {
    hint: 'the local file is kept; find out what else writes to this bucket, then upload it again',
  })
}

function taken({ uri }: UploadPlan, why: readonly string[]): HoldfastError {
  return new HoldfastError('refused', `${uri} is there already: ${why.join('; ')}`, {
    hint: 'choose another --prefix or rename the file; or give --force to replace what is there',
  })
}
