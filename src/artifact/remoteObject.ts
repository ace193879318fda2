import { allBytes } from '../core/allBytes.ts'
import { s3Uri } from '../core/s3Uri.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { explaining } from '../storage/s3/explaining.ts'
import { headObject } from '../storage/s3/head.ts'
import { putObject } from '../storage/s3/put.ts'
import type { PutOptions, Stored } from '../storage/s3/putOrder.ts'
import { readObject } from '../storage/s3/read.ts'
import type { ByteRange } from '../storage/storage.ts'
import { fromMetadata, type NotedFacts } from './artifactFacts.ts'

/** The text that names an object: `s3://bucket/key`. */
export function objectUri(bucket: { name: string }, key: string): string {
  return s3Uri({ bucket: bucket.name, prefix: key })
}

/** What the server tells about an object. */
export interface RemoteObject {
  size: number
  etag: string | undefined
  versionId: string | undefined
  /** SHA-256 as S3 tells it; undefined where it tells none. */
  checksum: string | undefined
  /** When it was stored. */
  modified: Date | undefined
  encryption: string | undefined
  kmsKey: string | undefined
  /**
   * When a rule of the bucket removes it: no valid date where that cannot be read, undefined where the server tells of none, `not told` where it says
   * that it does not tell that here.
   */
  expires: Date | 'not told' | undefined
  /** Undefined where its metadata tells no SHA-256. */
  facts: NotedFacts | undefined
}

/** @returns undefined where there is no such object. */
export async function lookAt(bucket: Bucket, key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
  const found = await explained(bucket, 'look at', key, signal, async () => headObject(bucket, key, { signal }))
  return (
    found && {
      size: found.ContentLength ?? 0,
      etag: found.ETag,
      versionId: found.VersionId,
      checksum: found.ChecksumSHA256,
      modified: found.LastModified,
      encryption: found.ServerSideEncryption,
      kmsKey: found.SSEKMSKeyId,
      expires: toldExpiry(found.Expiration),
      facts: fromMetadata(found.Metadata),
    }
  )
}

/** Of `expiry-date="Fri, 21 Dec 2012 00:00:00 GMT", rule-id="…"`, or `NotImplemented`, as a directory bucket has it. */
function toldExpiry(told: string | undefined): RemoteObject['expires'] {
  if (!told) return undefined
  return told === 'NotImplemented' ? 'not told' : new Date(/expiry-date="([^"]+)"/.exec(told)?.[1] ?? NaN)
}

/** @returns undefined where the key is taken and `onlyNew` is asked for. */
export async function put(
  bucket: Bucket,
  key: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  options: PutOptions & { signal: AbortSignal },
): Promise<Stored | undefined> {
  return explained(bucket, 'write', key, options.signal, async () => putObject(bucket, key, body, options))
}

/** A part of an object, less where it ends before. */
export async function readRange(bucket: Bucket, key: string, range: ByteRange, signal: AbortSignal): Promise<Buffer> {
  return explained(bucket, 'read', key, signal, async () => allBytes(readObject(bucket, key, { range, signal })))
}

/** Runs a request and says in words what becomes of it. */
export async function explained<Result>(
  { location }: Bucket,
  doing: string,
  key: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  return explaining({ doing, name: key, location }, { signal }, work)
}
