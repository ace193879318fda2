import type { LifecycleRule } from '@aws-sdk/client-s3'
import { HoldfastError } from '../core/errors.ts'
import type { S3Place } from '../core/s3Uri.ts'
import { s3Uri } from '../core/s3Uri.ts'
import { dangersTo, unreadAt } from '../storage/s3/bucketRules.ts'
import type { BucketLifecycle } from './bucketLifecycle.ts'
import { changesTo, isChange, knownLeftOut, type LeftOut, type RuleChange } from './change.ts'
import { lifecycleRules } from './rules.ts'

/** The rules that the lifecycle of a place should have. */
export interface LifecyclePlan {
  /** Artifacts are removed by age; what a repository holds never is. */
  holds: 'artifacts' | 'repository'
  prefix: string
  days?: number
  rules: LifecycleRule[]
}

/** What is asked for; without `lifecycle` no bucket is looked at. */
export interface PlanOrder {
  /** What it is for; the bucket is undefined where rules are only printed. */
  bucket: string | undefined
  prefix: string
  /** The place is said to be a repository. */
  isRepository: boolean
  days: number | undefined
  noncurrentDays: number | undefined
  lifecycle: BucketLifecycle | undefined
}

/** Days after which what was replaced or deleted is gone for good: time to notice a mistake. */
const noncurrentDefaults = { artifacts: 7, repository: 30 } as const

/**
 * Plans the rules of a place.
 * @throws HoldfastError `usage` where it is not said how long artifacts stay, `refused` where a rule for them would reach a repository.
 */
export async function planLifecycle(order: PlanOrder, signal: AbortSignal): Promise<LifecyclePlan> {
  const { prefix, lifecycle, days, noncurrentDays } = order
  const found = order.isRepository ? undefined : await lifecycle?.repositories({ signal })
  if (order.isRepository || found?.here) {
    const rules = lifecycleRules({ prefix, days: undefined, noncurrentDays: noncurrentDays ?? noncurrentDefaults.repository })
    return { holds: 'repository', prefix, rules }
  }
  const other = found?.around ?? found?.below
  if (other !== undefined) throw reachesRepository({ bucket: order.bucket ?? '', prefix }, other, found?.around === undefined)
  if (days === undefined) {
    throw new HoldfastError('usage', 'it is not said how long exported backups stay in the bucket', {
      hint: 'give --tier dev, staging or prod, or --days 30, or set BACKUP_RETENTION_DAYS; for a repository give --repo s3://bucket/prefix',
    })
  }
  return {
    holds: 'artifacts',
    prefix,
    days,
    rules: lifecycleRules({ prefix, days, noncurrentDays: noncurrentDays ?? noncurrentDefaults.artifacts }),
  }
}

/** What setting a plan does to a bucket. */
export interface LifecycleChange {
  changes: RuleChange[]
  /** `differs` where nothing was set; `partly-applied` where the server did not keep all that was set. */
  outcome: 'unchanged' | 'differs' | 'applied' | 'partly-applied'
  /** Other rules that remove or archive what a repository needs, or remove exported backups before their time. */
  dangers: LifecycleRule[]
  /** What rules for this place hold that Holdfast does not know, so that they may be such a danger too. */
  unknown: string[]
  /** What the server did not keep of what was set, now or before. */
  leftOut: LeftOut[]
}

/** Compares a plan with what the bucket has, and sets it where that is confirmed. */
export async function changeLifecycle(
  lifecycle: BucketLifecycle,
  { rules, prefix, days }: LifecyclePlan,
  { confirm, signal }: { confirm: boolean; signal: AbortSignal },
): Promise<LifecycleChange> {
  const found = await lifecycle.read({ signal })
  const changes = changesTo(found.rules, rules, prefix)
  const others = changes.filter(({ change }) => change === 'kept').map(({ rule }) => rule)
  const dangers = dangersTo(others, prefix).filter((rule) => days === undefined || removesWithin(rule, days))
  const told = { changes, dangers, unknown: unreadAt(found, prefix) }
  const known = knownLeftOut(changes)
  const differs = isChange(changes)
  if (!confirm || (!differs && known.length === 0)) return { ...told, outcome: differs ? 'differs' : 'unchanged', leftOut: known }
  const leftOut = await lifecycle.set(changes, { signal })
  return { ...told, outcome: leftOut.length > 0 ? 'partly-applied' : 'applied', leftOut }
}

/** Whether objects may go before they are so many days old. */
function removesWithin({ Expiration }: LifecycleRule, days: number): boolean {
  return Expiration?.Date !== undefined || (Expiration?.Days ?? Number.POSITIVE_INFINITY) < days
}

function reachesRepository(place: S3Place, repository: string, isBelow: boolean): HoldfastError {
  const theirs = s3Uri({ ...place, prefix: repository })
  const how = isBelow ? `there is a repository below it, ${theirs}` : `it lies in the repository ${theirs}`
  return new HoldfastError('refused', `a rule that removes objects by age below ${s3Uri(place)} would destroy backups: ${how}`, {
    hint: 'give exported backups a prefix of their own, beside that of the repository',
  })
}
