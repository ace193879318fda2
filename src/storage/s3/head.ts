import { HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import type { StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { statusOf } from './failures.ts'
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
    if (statusOf(error) === 404) return undefined
    throw error
  }
}
