import { HoldfastError } from '../../core/errors.ts'
import type { Bucket } from './bucket.ts'

/** All that a lifecycle is made of, as the SDK reads and writes it. */
const known = new Set(
  (
    'LifecycleConfiguration Rule ID Status Prefix Filter And Tag Key Value ObjectSizeGreaterThan ObjectSizeLessThan ' +
    'Expiration Days Date ExpiredObjectDeleteMarker Transition StorageClass NoncurrentVersionTransition NoncurrentDays ' +
    'NewerNoncurrentVersions NoncurrentVersionExpiration AbortIncompleteMultipartUpload DaysAfterInitiation'
  ).split(' '),
)

/**
 * An answer of anything else, or one that is cut, would look like a bucket without rules, or with some of them.
 * @throws HoldfastError `repository` where it is no whole lifecycle.
 */
export function requireLifecycle({ location }: Bucket, answer: string): void {
  if (/<\/LifecycleConfiguration>\s*$|<LifecycleConfiguration[^>]*\/>\s*$/.test(answer)) return
  throw new HoldfastError('repository', `the server gives no whole lifecycle of ${location}`, {
    hint: 'see whether a proxy answers in the place of the server, then run it again',
  })
}

/** The names of what a lifecycle holds and the SDK drops, as some servers have more than AWS. */
export function unknownParts(answer: string): string[] {
  const names = [...answer.matchAll(/<([A-Za-z][\w.:-]*)/g)].map(([, name = '']) => name)
  return [...new Set(names)].filter((name) => !known.has(name))
}
