import { createHash } from 'node:crypto'
import type { ProgressListener } from '../core/progress.ts'
import { compositeDigest, partDigest } from '../storage/s3/digest.ts'
import { PartMemory, partsOf } from '../storage/s3/parts.ts'
import type { LocalArtifact } from './localArtifact.ts'

/** How many parts are hashed at once on other threads, besides the whole on this one. */
const hashedAtOnce = 2

/** Bytes and their SHA-256 in hexadecimal. */
export interface Content {
  size: number
  sha256: string
}

/** What is to be stored, known before anything is sent. */
export interface Measured extends Content {
  /** What the server will be asked to confirm; undefined where the file was not read yet and its size and SHA-256 are what is told of it. */
  read: Checksums | undefined
  /** The file itself, where it is stored compressed. */
  source: Content | undefined
}

/** What S3 computes of an object. */
export interface Checksums {
  /** As S3 tells it: base64 of the whole, or with `-N` behind it of the digests of N parts. */
  checksum: string
  /** The SHA-256 (base64) of each part. */
  digests: readonly string[]
}

interface MeasureOptions {
  compress: boolean
  /** Bytes. */
  partSize: number
  progress: ProgressListener
  signal: AbortSignal
}

/** Reads a file once for all that must be known of what will be stored: metadata cannot be added to an object later. */
export async function measureArtifact(
  artifact: LocalArtifact,
  { compress, partSize, progress, signal }: MeasureOptions,
): Promise<Measured> {
  const [whole, source] = [createHash('sha256'), createHash('sha256')]
  const memory = new PartMemory(partSize)
  const digests: Promise<string>[] = []
  let size = 0
  for await (const { part } of partsOf(compress ? artifact.gzipped((chunk) => source.update(chunk)) : artifact.bytes(), memory)) {
    signal.throwIfAborted()
    size += part.length
    digests.push(partDigest(part).then((digest) => giveBack(memory, part, digest)))
    whole.update(part)
    progress({ phase: 'checksum', done: size, ...(compress ? {} : { total: artifact.size }) })
    // Its memory is then free for the next part.
    await digests[digests.length - hashedAtOnce]
  }
  const parts = await Promise.all(digests)
  await artifact.requireUnchanged()
  return {
    size,
    sha256: whole.digest('hex'),
    read: { digests: parts, checksum: parts.length === 1 ? parts[0]! : compositeDigest(parts) },
    source: compress ? { size: artifact.size, sha256: source.digest('hex') } : undefined,
  }
}

function giveBack(memory: PartMemory, part: Buffer, digest: string): string {
  memory.giveBack(part)
  return digest
}
