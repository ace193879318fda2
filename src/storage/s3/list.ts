import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type _Object } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import type { StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { sendOptions } from './request.ts'
import { clean } from './said.ts'

/** How many pages in a row may tell no object. */
const emptyPages = 1000

/**
 * All objects whose key starts with a prefix, in ascending order of their keys.
 * @throws what the SDK throws, HoldfastError `repository` where the list cannot be whole: what is missing in it would count as not there.
 */
export async function* listKeys(bucket: Bucket, prefix: string, options: StorageOptions): AsyncGenerator<_Object> {
  const { client, name } = bucket
  let next: string | undefined
  let last = ''
  let empty = 0
  do {
    options.signal?.throwIfAborted()
    const from = next === undefined ? {} : { ContinuationToken: next }
    const page = await client.send(new ListObjectsV2Command({ Bucket: name, Prefix: prefix, ...from }), sendOptions(options))
    requireWhole(bucket, page, next)
    empty = (page.Contents ?? []).length === 0 ? empty + 1 : 0
    if (empty > emptyPages) throw misfit(bucket, `it tells no object on ${emptyPages} pages in a row`)
    for (const object of page.Contents ?? []) {
      options.signal?.throwIfAborted()
      const { Key: key = '' } = object
      if (!key.startsWith(prefix)) throw misfit(bucket, `it tells ${JSON.stringify(key)}, which does not begin with ${prefix}`)
      if (isBefore(key, last)) throw misfit(bucket, `it tells ${JSON.stringify(key)} behind ${JSON.stringify(last)}`)
      last = key
      yield object
    }
    next = page.NextContinuationToken || undefined
  } while (next !== undefined)
}

function requireWhole(bucket: Bucket, page: ListObjectsV2CommandOutput, token: string | undefined): void {
  const { Contents = [], CommonPrefixes = [], KeyCount: count, IsTruncated: isCut } = page
  const next = page.NextContinuationToken || undefined
  if (isCut === undefined) throw misfit(bucket, 'the answer is no list')
  const found = Contents.length + CommonPrefixes.length
  if (count !== undefined && count !== found) throw misfit(bucket, `it says ${count} objects and tells ${found}`)
  if (isCut && next === undefined) throw misfit(bucket, 'it says that there is more, and not where')
  if (next !== undefined && next === token) throw misfit(bucket, 'it begins again where it began')
}

/** In the order of their UTF-8 bytes, which for ASCII is that of JavaScript; keys with anything else are none of ours. */
function isBefore(key: string, last: string): boolean {
  return key <= last && last !== '' && Buffer.compare(Buffer.from(key), Buffer.from(last)) <= 0
}

function misfit({ location }: Bucket, how: string): HoldfastError {
  return new HoldfastError('repository', `the server gives a list of ${location} that cannot be relied on: ${clean(how)}`, {
    hint: 'use a server that lists all objects in the order of their names; a directory bucket of S3 Express does not',
  })
}
