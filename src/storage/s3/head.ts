import { HeadObjectCommand, type HeadObjectCommandOutput, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
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
 * As {@link headObject}, where something rests on it that there is none: an answer to HEAD has no words, and any page that is not there
 * looks like an object that is not. The list must not have it then, where the role may list.
 * @throws HoldfastError `repository` where it has.
 */
export async function surelyHeadObject(
  bucket: Bucket,
  key: string,
  options: StorageOptions = {},
): Promise<HeadObjectCommandOutput | undefined> {
  const found = await headObject(bucket, key, options)
  if (found !== undefined) return found
  const { isThere, refusal, trouble } = await listed(bucket, key, options)
  // A directory bucket lists nothing by the start of a name.
  if (trouble !== undefined || (refusal !== undefined && statusOf(refusal) !== 400)) throw trouble ?? refusal
  // It may have come there just now.
  return isThere === true ? ((await headObject(bucket, key, options)) ?? contradiction(bucket, key)) : undefined
}

function contradiction({ location }: Bucket, key: string): never {
  throw new HoldfastError('repository', `the server says that ${key} in ${location} is not there, and lists it`, {
    hint: 'see whether a proxy answers in the place of the server, then run it again',
  })
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

/** What the list says of a key; or in words why it is refused, unless the role may not list, and knows no more then; or what else failed. */
async function listed(
  { client, name }: Place,
  key: string,
  options: StorageOptions,
): Promise<{ isThere?: boolean; refusal?: unknown; trouble?: unknown }> {
  try {
    const request = new ListObjectsV2Command({ Bucket: name, Prefix: key, MaxKeys: 1 })
    const { Contents: [first] = [] } = await client.send(request, sendOptions(options))
    return { isThere: first?.Key === key }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (answered(error, 'AccessDenied')) return {}
    const status = statusOf(error) ?? 0
    return status >= 400 && status < 500 ? { refusal: error } : { trouble: error }
  }
}
