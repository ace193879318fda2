import { ListObjectsV2Command, type _Object } from '@aws-sdk/client-s3'
import type { StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { sendOptions } from './request.ts'

/** All objects whose key starts with a prefix, in ascending order of their keys, as the server tells them. */
export async function* listKeys({ client, name }: Bucket, prefix: string, options: StorageOptions): AsyncGenerator<_Object> {
  let next: string | undefined
  do {
    options.signal?.throwIfAborted()
    const from = next === undefined ? {} : { ContinuationToken: next }
    const page = await client.send(new ListObjectsV2Command({ Bucket: name, Prefix: prefix, ...from }), sendOptions(options))
    for (const object of page.Contents ?? []) {
      options.signal?.throwIfAborted()
      yield object
    }
    next = page.NextContinuationToken
  } while (next !== undefined)
}
