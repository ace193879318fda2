import { HoldfastError } from './errors.ts'

/** A place in a bucket: everything whose key starts with `prefix/`, or the whole bucket where the prefix is empty. */
export interface S3Place {
  bucket: string
  /** Without a slash at either end. */
  prefix: string
}

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const prefixPart = /^[a-zA-Z0-9!_'()=+@:,-][a-zA-Z0-9!_.*'()=+@:,-]*$/

/** Whether a text can be the name of a bucket. */
export function isBucketName(text: string): boolean {
  return bucketName.test(text) && !text.includes('..')
}

/** Whether a text names a place in a bucket. */
export function isS3Uri(text: string): boolean {
  return /^s3:\/\//i.test(text)
}

/** What is wrong with a text such as `s3://bucket/prefix`; undefined where nothing is. */
export function s3UriProblem(text: string): string | undefined {
  if (!text.startsWith('s3://')) return 'expected it to begin with s3://'
  const { bucket, parts } = split(text)
  if (!isBucketName(bucket)) return 'expected the name of a bucket behind s3://, 3 to 63 of a-z, 0-9, dot and hyphen'
  if (!parts.every((part) => prefixPart.test(part)))
    return 'expected a prefix of plain names (letters, digits, hyphen, underscore, dot) joined by single slashes'
  if (parts.join('/').length > 400) return 'expected a prefix of at most 400 characters'
  return undefined
}

/** @throws HoldfastError `usage` where it is no place in a bucket. */
export function parseS3Uri(text: string): S3Place {
  const problem = s3UriProblem(text)
  if (problem !== undefined) {
    throw new HoldfastError('usage', `${problem}, found ${JSON.stringify(text.slice(0, 200))}`, {
      hint: 'give it as s3://my-bucket/backups',
    })
  }
  const { bucket, parts } = split(text)
  return { bucket, prefix: parts.join('/') }
}

/** One slash at the end counts for nothing. */
function split(text: string): { bucket: string; parts: string[] } {
  const [bucket = '', ...parts] = text.slice(5).replace(/\/$/, '').split('/')
  return { bucket, parts }
}

/** What the keys below a prefix begin with. */
export function keyPrefix(prefix: string): string {
  return prefix === '' ? '' : `${prefix}/`
}

/** The text that names a place: `s3://bucket/prefix`. */
export function s3Uri({ bucket, prefix }: S3Place): string {
  return `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`
}
