import type { LifecycleRule } from '@aws-sdk/client-s3'
import type { Bucket } from '../storage/s3/bucket.ts'
import { reachesKey, readRules, unreadAt } from '../storage/s3/bucketRules.ts'
import { isNotTold } from '../storage/s3/facts.ts'
import { statusOf } from '../storage/s3/failures.ts'

/**
 * When a rule of the bucket removes an object, by the rules themselves: servers have told in the object's headers of rules that are for replaced
 * versions, or of none.
 * @returns undefined where no rule does, or where the role may not read them or the server has none to tell; `unknown` where there are rules that
 * nobody here can read.
 */
export async function ruledExpiry(
  bucket: Bucket,
  { key, modified }: { key: string; modified: Date | undefined },
  signal: AbortSignal,
): Promise<Date | 'unknown' | undefined> {
  const found = await readRules(bucket, { signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    return statusOf(error) === 403 || isNotTold(error) ? undefined : 'unknown'
  })
  if (found === undefined || found === 'unknown') return found
  if (unreadAt(found, key).length > 0) return 'unknown'
  const moments = found.rules.filter((rule) => reachesKey(rule, key)).flatMap((rule) => removedAt(rule, modified))
  return moments.length === 0 ? undefined : new Date(Math.min(...moments))
}

const day = 24 * 3_600_000

/** Milliseconds since 1970: so many days end with the next midnight, as S3 counts them. */
function removedAt({ Expiration: { Days: days, Date: date } = {} }: LifecycleRule, modified: Date | undefined): number[] {
  const end = (modified?.getTime() ?? 0) + (days ?? 0) * day
  return [...(date === undefined ? [] : [date.getTime()]), ...(days === undefined ? [] : [Math.ceil(end / day) * day])]
}

/** The earlier one of what a server tells of an object, in ISO 8601 or `unknown`, and what the rules do to it. */
export function earlier(told: string | undefined, ruled: Date | 'unknown' | undefined): string | undefined {
  if (told === 'unknown' || ruled === 'unknown') return 'unknown'
  if (ruled === undefined) return told
  return told !== undefined && Date.parse(told) < ruled.getTime() ? told : ruled.toISOString()
}
