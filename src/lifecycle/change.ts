import type { LifecycleRule } from '@aws-sdk/client-s3'
import { isDeepStrictEqual } from 'node:util'
import { archivesObjects, removesObjects, rulePrefix } from '../storage/s3/bucketRules.ts'
import { isOwnRule, keyPrefix } from './rules.ts'

/** What becomes of one rule of a bucket. */
export interface RuleChange {
  change: 'added' | 'changed' | 'removed' | 'kept'
  rule: LifecycleRule
}

/** What setting the wanted rules of a prefix does to those that a bucket has; whatever is not Holdfast's for that prefix is kept. */
export function changesTo(found: readonly LifecycleRule[], wanted: readonly LifecycleRule[], prefix: string): RuleChange[] {
  const kept = found.map((rule): RuleChange => {
    if (!isOwnRule(rule, prefix)) return { change: 'kept', rule }
    const replacement = wanted.find(({ ID }) => ID === rule.ID)
    if (replacement === undefined) return { change: 'removed', rule }
    return isSameRule(rule, replacement) ? { change: 'kept', rule } : { change: 'changed', rule: replacement }
  })
  const added = wanted.filter(({ ID }) => !found.some((rule) => rule.ID === ID))
  return [...kept, ...added.map((rule): RuleChange => ({ change: 'added', rule }))]
}

/** Whether there is anything to set. */
export function isChange(changes: readonly RuleChange[]): boolean {
  return changes.some(({ change }) => change !== 'kept')
}

/** All rules of the bucket after the changes. */
export function afterChanges(changes: readonly RuleChange[]): LifecycleRule[] {
  return changes.filter(({ change }) => change !== 'removed').map(({ rule }) => rule)
}

/** What of the wanted rules a server did not keep, each as `rule: part`; there are servers that drop what they do not know without an error. */
export function leftOut(wanted: readonly LifecycleRule[], stored: readonly LifecycleRule[]): string[] {
  return wanted.flatMap((rule) => {
    const there = stored.find(({ ID }) => ID === rule.ID)
    if (there === undefined) return [`${rule.ID}: the whole rule`]
    const parts = Object.keys(rule) as (keyof LifecycleRule)[]
    return parts.filter((part) => !isDeepStrictEqual(plain(rule[part]), plain(there[part]))).map((part) => `${rule.ID}: ${part}`)
  })
}

/** The rules that remove or archive current objects below a prefix, or some of them. */
export function dangersTo(rules: readonly LifecycleRule[], prefix: string): LifecycleRule[] {
  const base = keyPrefix(prefix)
  return rules.filter((rule) => {
    const theirs = rulePrefix(rule)
    const overlaps = theirs.startsWith(base) || base.startsWith(theirs)
    // What a repository stores has no tags.
    const isForTagged = rule.Filter?.Tag !== undefined || (rule.Filter?.And?.Tags ?? []).length > 0
    return rule.Status === 'Enabled' && overlaps && !isForTagged && (removesObjects(rule) || archivesObjects(rule))
  })
}

/** A rule as another program may have stored it: the same in another order of its parts. */
function isSameRule(one: LifecycleRule, other: LifecycleRule): boolean {
  return isDeepStrictEqual(plain(one), plain(other))
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}
