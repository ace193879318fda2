import type { LifecycleRule } from '@aws-sdk/client-s3'
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
  const whole = answer.trimEnd()
  const last = whole.slice(whole.lastIndexOf('<'))
  if (last === '</LifecycleConfiguration>' || /^<LifecycleConfiguration(\s[^]*)?\/>$/.test(last)) return
  throw new HoldfastError('repository', `the server gives no whole lifecycle of ${location}`, {
    hint: 'see whether a proxy answers in the place of the server, then run it again',
  })
}

/**
 * Unknown parts that do nothing to current objects that the rest of a rule does not: of MinIO what is for deleted ones, what takes along older versions,
 * and a time; of Ceph what makes a rule narrower.
 */
const harmless = new Set(['DelMarkerExpiration', 'ExpiredObjectAllVersions', 'ExpiryUpdatedAt', 'ArchiveZone'])

/** The names of what somebody has set and the SDK drops, and that may do something to current objects. */
export interface UnreadParts {
  /** Undefined where they stand in no rule that the SDK has found. */
  rule: LifecycleRule | undefined
  parts: readonly string[]
}

/**
 * What of an answer the SDK drops and may do something to current objects, by the rule it stands in.
 * @param rules as the SDK has found them in the answer
 */
export function unreadParts(answer: string, rules: readonly LifecycleRule[]): UnreadParts[] {
  const [head = '', ...bodies] = answer.split('<Rule>')
  const ends = bodies.map((body) => body.indexOf('</Rule>'))
  const outside = bodies.length === rules.length ? head + bodies.map((body, index) => body.slice(ends[index])).join('') : answer
  return [
    { rule: undefined, parts: unknownDoing(outside) },
    ...rules.map((rule, index) => ({ rule, parts: unknownDoing((bodies[index] ?? '').slice(0, ends[index])) })),
  ].filter(({ parts }) => parts.length > 0)
}

function unknownDoing(text: string): string[] {
  return unknownParts(text).filter((name) => !harmless.has(name))
}

/** How many names of unknown parts are told, and how much of each. */
const most = { names: 20, characters: 100 } as const

/** The names of what a lifecycle holds and the SDK drops, as some servers have more than AWS. */
export function unknownParts(answer: string): string[] {
  const unknown = new Set<string>()
  for (const [, name = ''] of answer.matchAll(/<([A-Za-z][\w.:-]*)/g)) {
    if (!known.has(name)) unknown.add(name.slice(0, most.characters))
    if (unknown.size === most.names) break
  }
  return [...unknown]
}
