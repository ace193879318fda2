import { createHash } from 'node:crypto'
import { open, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import { writeFully } from '../core/writeFully.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { requireBucket } from '../storage/s3/head.ts'
import { readObject } from '../storage/s3/read.ts'
import { readExportedMeta } from './exportedMeta.ts'
import { type NotedFacts, fromDocument } from './artifactFacts.ts'
import { LocalArtifact } from './localArtifact.ts'
import type { Content } from './measure.ts'
import { readMeta } from './metaObject.ts'
import { readNote } from './noteBeside.ts'
import { metaKeyOf } from './objectKey.ts'
import { explained, lookAt, objectUri } from './remoteObject.ts'

interface FetchOptions {
  progress: ProgressListener
  signal: AbortSignal
}

/** What is told about a file, and by what. */
interface Told {
  by: string
  sha256: string | undefined
  size: number | undefined
  dbName: string | undefined
  softwareVersion: string | undefined
}

/** A file that is to be verified, not yet here. */
export interface Awaited extends AsyncDisposable {
  /** For messages. */
  name: string
  told: Told | undefined
  /** Brings it into a folder, or leaves a local file where it is. */
  fetch(folder: string): Promise<Fetched>
  /** @throws HoldfastError `integrity` where what was measured is not what is there any more. */
  requireUnchanged(): Promise<void>
}

/** A file that is here, measured on its way. */
export interface Fetched extends Content {
  path: string
}

/**
 * Looks at an object, and at what is told about it.
 * @throws HoldfastError `repository` where there is no such object.
 */
export async function awaitObject(bucket: Bucket, key: string, { progress, signal }: FetchOptions): Promise<Awaited> {
  const found = await lookAt(bucket, key, signal)
  const name = objectUri(bucket, key)
  if (found === undefined) {
    await explained(bucket, 'look at', key, signal, async () => requireBucket(bucket, key, { signal }))
    throw new HoldfastError('repository', `there is no object ${name}`, {
      hint: 'check bucket, key, prefix and region; `aws s3 ls` shows what is there',
    })
  }
  const own = found.facts && toldBy('the metadata of the object', found.facts)
  const beside = own ? undefined : await readMeta(bucket, metaKeyOf(key), signal)
  return {
    name,
    told: own ?? (beside && toldBy(metaKeyOf(key), beside)),
    async fetch(folder) {
      const path = join(folder, 'download')
      await requireRoom(folder, found.size)
      const content = await explained(bucket, 'read', key, signal, async () =>
        save(readObject(bucket, key, { signal }), path, ({ size }) => {
          // There is room for what was told, and not for whatever comes.
          if (size > found.size) throw mismatch(name, 'the server', `${found.size} bytes`, 'more')
          progress({ phase: 'download', done: size, total: found.size })
        }),
      )
      if (content.size !== found.size) throw mismatch(name, 'the server', `${found.size} bytes`, `${content.size}`)
      return { path, ...content }
    },
    // What is downloaded is a copy of our own.
    requireUnchanged: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Looks at what is told about a local file: by the `.meta` of an export, or the `.meta.json` of an upload beside it. */
export async function awaitFile(path: string, { progress, signal }: FetchOptions): Promise<Awaited> {
  const exported = await readExportedMeta(path)
  const uploaded = exported ? undefined : await readUploadedMeta(path)
  const artifact = await LocalArtifact.open(path)
  return {
    name: path,
    told: exported
      ? {
          by: `${path}.meta`,
          sha256: exported.sha256,
          size: exported.size,
          dbName: exported.database,
          softwareVersion: exported.neo4j,
        }
      : uploaded && toldBy(metaKeyOf(path), uploaded),
    async fetch() {
      const digest = createHash('sha256')
      let size = 0
      for await (const chunk of artifact.bytes()) {
        signal.throwIfAborted()
        digest.update(chunk)
        size += chunk.length
        progress({ phase: 'checksum', done: size, total: artifact.size })
      }
      await artifact.requireUnchanged()
      return { path, size, sha256: digest.digest('hex') }
    },
    requireUnchanged: async () => artifact.requireUnchanged(),
    [Symbol.asyncDispose]: async () => artifact[Symbol.asyncDispose](),
  }
}

/** A note that this user may not read tells as little as none. */
async function readUploadedMeta(path: string): Promise<NotedFacts | undefined> {
  try {
    return fromDocument((await readNote(metaKeyOf(path))) ?? Buffer.alloc(0))
  } catch (error) {
    if (hasSystemCode(error, 'EACCES')) return undefined
    throw error
  }
}

/**
 * Compares a file with the SHA-256 that it should have.
 * @returns by what it is told, undefined where nothing tells it.
 * @throws HoldfastError `integrity` where it has another.
 */
export function requireChecksum({ name, told }: Awaited, { sha256, size }: Fetched, given: string | undefined): string[] {
  const by: string[] = []
  for (const [who, expected] of [
    ['--sha256', given],
    [told?.by ?? '', told?.sha256],
  ] as const) {
    if (expected === undefined) continue
    if (expected.toLowerCase() !== sha256) throw mismatch(name, who, `SHA-256 ${expected}`, sha256)
    by.push(who)
  }
  if (told?.size !== undefined && told.size !== size) throw mismatch(name, told.by, `${told.size} bytes`, `${size}`)
  return by
}

function toldBy(by: string, { sha256, size, db_name: dbName, software_version: softwareVersion }: NotedFacts): Told {
  return { by, sha256, size, dbName, softwareVersion }
}

async function save(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  onChunk: (content: { size: number }) => void,
): Promise<Content> {
  const digest = createHash('sha256')
  let size = 0
  await using handle = await open(path, 'wx', 0o600)
  for await (const chunk of chunks) {
    digest.update(chunk)
    await writeFully(handle, chunk)
    size += chunk.length
    onChunk({ size })
  }
  return { size, sha256: digest.digest('hex') }
}

async function requireRoom(folder: string, needed: number): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(folder)
  if (blocks === 0 || needed <= bavail * bsize) return
  throw new HoldfastError(
    'failed',
    `no space left in ${dirname(folder)}: the download needs ${needed} bytes, ${bavail * bsize} are free`,
    {
      hint: 'make room, or name a folder on another volume with --work-dir',
    },
  )
}

function mismatch(name: string, by: string, expected: string, found: string): HoldfastError {
  return new HoldfastError(
    'integrity',
    `${name} is damaged or another file: expected ${expected} (as ${by} says), found ${found}`,
    {
      hint: 'do not restore from it; take another one, or upload it again from where it was made',
    },
  )
}
