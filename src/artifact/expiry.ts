import type { LifecycleRule } from '@aws-sdk/client-s3'
import { HoldfastError } from '../core/errors.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { reachesKey, readRules, unreadAt } from '../storage/s3/bucketRules.ts'
import { isNotTold } from '../storage/s3/facts.ts'
import { statusOf } from '../storage/s3/failures.ts'
import { clean } from '../storage/s3/said.ts'
import { explained, type RemoteObject } from './remoteObject.ts'

/** Why nobody here can tell when an object goes. */
interface Untold {
  why: string
  hint: string
}

/** When an object goes; undefined where nothing tells of an end. */
export type Expiry = Date | Untold | undefined

const neitherTells: Untold = {
  why: 'neither the server nor the rules of the bucket tell',
  hint: 'give the role s3:GetLifecycleConfiguration, for a directory bucket s3express:GetLifecycleConfiguration',
}

/**
 * When an object goes, by what the server tells of it and by the rules of the bucket: servers have told in the object's headers of rules that are for
 * replaced versions, or of none.
 */
export async function expiryOf(
  bucket: Bucket,
  key: string,
  { modified, expires }: RemoteObject,
  signal: AbortSignal,
): Promise<Expiry> {
  if (expires instanceof Date && Number.isNaN(expires.getTime()))
    return { why: 'the server tells of an end, and not in words that can be read', hint: 'see what rules the bucket has' }
  const ruled = await ruledExpiry(bucket, { key, modified }, signal)
  if (ruled === 'not told' && expires === 'not told') return neitherTells
  if (ruled === 'not told' || ruled === undefined) return expires === 'not told' ? undefined : expires
  return ruled instanceof Date && expires instanceof Date && expires < ruled ? expires : ruled
}

/** @returns undefined where no rule removes it; `not told` where the role may not read them or the server has none to tell. */
async function ruledExpiry(
  bucket: Bucket,
  { key, modified }: { key: string; modified: Date | undefined },
  signal: AbortSignal,
): Promise<Expiry | 'not told'> {
  const found = await explained(bucket, 'read the rules for', key, signal, async () =>
    readRules(bucket, { signal }).catch((error: unknown) => {
      if (mayNotTell(error)) return 'not told' as const
      throw error
    }),
  ).catch((error: unknown): Untold => {
    if (!(error instanceof HoldfastError)) throw error
    return { why: error.message, hint: error.hint ?? 'run it again' }
  })
  if (found === 'not told' || 'why' in found) return found
  const unread = unreadAt(found, key)
  if (unread.length > 0) {
    const why = `a rule of the bucket has ${unread.map((name) => clean(name)).join(', ')}, which Holdfast does not know`
    return { why, hint: 'see in the manual of the server whether that removes the object, and remove the file yourself' }
  }
  const moments = found.rules.filter((rule) => reachesKey(rule, key)).flatMap((rule) => removedAt(rule, modified))
  return moments.length === 0 ? undefined : new Date(Math.min(...moments))
}

/** A page that says no code is no answer of an S3 server. */
function mayNotTell(error: unknown): boolean {
  return Object.hasOwn(error as object, 'Code') && (statusOf(error) === 403 || isNotTold(error))
}

const day = 24 * 3_600_000

/** Milliseconds since 1970. AWS lets an object live until the midnight behind its days; other servers do not. */
function removedAt({ Expiration: { Days: days, Date: date } = {} }: LifecycleRule, modified: Date | undefined): number[] {
  const end = (modified?.getTime() ?? 0) + (days ?? 0) * day
  return [...(date === undefined ? [] : [date.getTime()]), ...(days === undefined ? [] : [end])]
}
