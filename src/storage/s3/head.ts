import { HeadObjectCommand, type HeadObjectCommandOutput, ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { answered, statusOf } from './failures.ts'
import { sendOptions } from './request.ts'

/** What the server tells about an object, its checksum included; undefined where there is none. */
export async function headObject(
  { client, name }: Bucket,
  key: string,
  options: StorageOptions = {},
): Promise<HeadObjectCommandOutput | undefined> {
  try {
    return await client.send(new HeadObjectCommand({ Bucket: name, Key: key, ChecksumMode: 'ENABLED' }), sendOptions(options))
  } catch (error) {
    options.signal?.throwIfAborted()
    const status = statusOf(error)
    if (status === 404) return undefined
    // AWS answers with 400 where credentials have expired, and an answer to HEAD has no words.
    if (status !== 400 && status !== 403) throw error
    const list = await listed({ client, name }, key, options)
    if (list.isThere === false && status === 403) return undefined
    throw list.refusal ?? error
  }
}

/**
 * Whether an object that a server refuses to show is not there. To a role that may list no more than what is below a prefix, AWS says of an
 * object that is not there that it is refused, and not that there is none; but the role may list the names that begin with the key.
 */
export async function isAbsent(bucket: Place, key: string, error: unknown, options: StorageOptions = {}): Promise<boolean> {
  return statusOf(error) === 403 && (await listed(bucket, key, options)).isThere === false
}

/** An answer to HEAD has no words: a bucket that is not there looks like an object that is not. @throws what says that there is no bucket. */
export async function requireBucket(bucket: Place, key: string, options: StorageOptions): Promise<void> {
  const { refusal } = await listed(bucket, key, options)
  if (answered(refusal, 'NoSuchBucket')) throw refusal
}

type Place = Pick<Bucket, 'client' | 'name'>

/** What the list says of a key; or in words why it is refused, unless the role may not list, and knows no more then. */
async function listed(
  { client, name }: Place,
  key: string,
  options: StorageOptions,
): Promise<{ isThere?: boolean; refusal?: unknown }> {
  try {
    const request = new ListObjectsV2Command({ Bucket: name, Prefix: key, MaxKeys: 1 })
    const { Contents: [first] = [] } = await client.send(request, sendOptions(options))
    return { isThere: first?.Key === key }
  } catch (refusal) {
    options.signal?.throwIfAborted()
    const status = statusOf(refusal) ?? 0
    return status >= 400 && status < 500 && !answered(refusal, 'AccessDenied') ? { refusal } : {}
  }
}
