import type { LifecycleRule } from '@aws-sdk/client-s3'
import { keyPrefix } from '../core/s3Uri.ts'
import { isOn, rulePrefix } from '../storage/s3/bucketRules.ts'

/** How long artifacts stay in a bucket, in days, by what the database is for. */
export const tiers = { dev: 7, staging: 30, prod: 90 } as const

/** Days after which an unfinished upload is no longer under way for certain. */
const unfinishedDays = 2

/** What rules of a bucket's lifecycle are for. */
export interface RuleOrder {
  /** Everything below it, or the whole bucket where it is empty; without a slash at either end. */
  prefix: string
  /** How long current objects stay; undefined for a repository, whose objects only Holdfast itself removes. */
  days: number | undefined
  /** How long what was replaced or deleted can still be brought back, where the bucket keeps versions. */
  noncurrentDays: number
}

/** Why a repository's objects are never removed by age. */
export const whyNothingExpires =
  'it holds a repository: blocks that old backups stored are used by new ones, so an object’s age says nothing about whether it is needed. ' +
  'Holdfast itself removes what no kept backup needs (`holdfast backup delete`)'

/** The rules that the lifecycle of a bucket should have below a prefix, in the form of the S3 API. */
export function lifecycleRules({ prefix, days, noncurrentDays }: RuleOrder): LifecycleRule[] {
  const shared = { Status: 'Enabled', Filter: { Prefix: keyPrefix(prefix) } } as const
  const cleanUp = {
    NoncurrentVersionExpiration: { NoncurrentDays: noncurrentDays },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: unfinishedDays },
  }
  // A delete marker below which no version is left; S3 takes this in no rule that has a number of days.
  const markers = { Expiration: { ExpiredObjectDeleteMarker: true } }
  if (days === undefined) return [{ ID: ruleId('repository', prefix), ...shared, ...markers, ...cleanUp }]
  return [
    { ID: ruleId('expire', prefix), ...shared, Expiration: { Days: days }, ...cleanUp },
    { ID: ruleId('markers', prefix), ...shared, ...markers },
  ]
}

/** Whether a rule is one that {@link lifecycleRules} made for this prefix, in whatever form. */
export function isOwnRule({ ID: id }: LifecycleRule, prefix: string): boolean {
  return ['repository', 'expire', 'markers'].some((what) => id === ruleId(what, prefix))
}

/** What a rule reaches, in words. */
export function describeReach(rule: LifecycleRule): string {
  const prefix = rulePrefix(rule)
  return prefix === '' ? 'the whole bucket' : `what begins with ${prefix}`
}

/** What a rule does, in words. */
export function describeRule(rule: LifecycleRule): string {
  const {
    Expiration: { Days, Date: date, ExpiredObjectDeleteMarker } = {},
    NoncurrentVersionExpiration,
    AbortIncompleteMultipartUpload,
  } = rule
  const transitions = [...(rule.Transitions ?? []), ...(rule.NoncurrentVersionTransitions ?? [])]
  const parts = [
    Days === undefined ? undefined : `objects are removed after ${inDays(Days)}`,
    date === undefined ? undefined : `objects are removed on ${new Date(date).toISOString().slice(0, 10)}`,
    NoncurrentVersionExpiration?.NoncurrentDays === undefined
      ? undefined
      : `versions that were replaced or deleted ${inDays(NoncurrentVersionExpiration.NoncurrentDays)} later`,
    ExpiredObjectDeleteMarker ? 'delete markers when no version is left' : undefined,
    AbortIncompleteMultipartUpload?.DaysAfterInitiation === undefined
      ? undefined
      : `unfinished uploads after ${inDays(AbortIncompleteMultipartUpload.DaysAfterInitiation)}`,
    ...transitions.map(({ StorageClass }) => `moved to ${StorageClass}`),
  ]
  const said = parts.filter((part) => part !== undefined).join('; ')
  return `${said === '' ? 'something else' : said}${isOn(rule) ? '' : ' (disabled)'}`
}

function inDays(days: number): string {
  return days === 1 ? '1 day' : `${days} days`
}

function ruleId(what: string, prefix: string): string {
  return `holdfast-${what}${prefix === '' ? '' : `:${prefix}`}`
}
