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
    if (statusOf(error) === 404 || (await isAbsent({ client, name }, key, error, options))) return undefined
    throw error
  }
}

/**
 * Whether an object that a server refuses to show is not there. To a role that may list no more than what is below a prefix, AWS says of an
 * object that is not there that it is refused, and not that there is none; but the role may list the names that begin with the key.
 */
export async function isAbsent(
  { client, name }: Pick<Bucket, 'client' | 'name'>,
  key: string,
  error: unknown,
  options: StorageOptions = {},
): Promise<boolean> {
  if (statusOf(error) !== 403) return false
  try {
    const request = new ListObjectsV2Command({ Bucket: name, Prefix: key, MaxKeys: 1 })
    const { Contents: [first] = [] } = await client.send(request, sendOptions(options))
    return first?.Key !== key
  } catch {
    options.signal?.throwIfAborted()
    // The refusal that was there first says more.
    return false
  }
}

/** An answer to HEAD has no words: a bucket that is not there looks like an object that is not. @throws what says that there is no bucket. */
export async function requireBucket({ client, name }: Bucket, key: string, options: StorageOptions): Promise<void> {
  try {
    await client.send(new ListObjectsV2Command({ Bucket: name, Prefix: key, MaxKeys: 1 }), sendOptions(options))
  } catch (error) {
    options.signal?.throwIfAborted()
    // A role that may not list knows no more.
    if (answered(error, 'NoSuchBucket')) throw error
  }
}
