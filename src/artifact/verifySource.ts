import { HoldfastError } from '../core/errors.ts'
import { isBucketName, keyPrefix } from '../core/s3Uri.ts'

/** Where a file to verify comes from. */
export type VerifySource = { kind: 'object'; bucket: string; key: string; uri: string } | { kind: 'file'; path: string }

/** How a source may be given: exactly one of them, a key with its bucket. */
interface GivenSource {
  s3Uri: string | undefined
  bucket: string | undefined
  key: string | undefined
  /** What the keys of uploads begin with, which may be left out of the key. */
  prefix: string
  /** Absolute. */
  file: string | undefined
}

const hint = 'give --s3-uri s3://bucket/key, or --bucket and --key, or --file'

/** @throws HoldfastError `usage` unless exactly one source is given. */
export function sourceOf({ s3Uri, bucket, key, prefix, file }: GivenSource): VerifySource {
  const given = [s3Uri, key, file].filter((value) => value !== undefined)
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none' : given.join(', ')
    throw new HoldfastError('usage', `expected one file or object to verify, found ${found}`, { hint })
  }
  if (file !== undefined) return { kind: 'file', path: file }
  if (s3Uri !== undefined) return objectOf(s3Uri)
  if (bucket === undefined) throw new HoldfastError('usage', '--key is given without a bucket', { hint })
  const base = keyPrefix(prefix)
  return objectOf(`s3://${bucket}/${key?.startsWith(base) ? '' : base}${key}`)
}

function objectOf(uri: string): VerifySource {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.*[^/])$/s.exec(uri) ?? []
  if (!isBucketName(bucket) || /[\u0000-\u001f\u007f]/.test(key) || Buffer.byteLength(key) > 1024)
    throw new HoldfastError('usage', `expected s3://bucket/key, found ${JSON.stringify(uri.slice(0, 200))}`, { hint })
  if (!key.endsWith('.meta.json')) return { kind: 'object', bucket, key, uri }
  throw new HoldfastError('usage', `${uri} tells about an object, it is none to restore`, { hint: 'leave out .meta.json' })
}
