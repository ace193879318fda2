import type { LifecycleRule } from '@aws-sdk/client-s3'
import { isDeepStrictEqual } from 'node:util'
import { isOwnRule } from './rules.ts'

/** What becomes of one rule of a bucket. */
export interface RuleChange {
  change: 'added' | 'changed' | 'removed' | 'kept'
  rule: LifecycleRule
  /** It was set like this before, and the server has dropped what it does not know. */
  isIncomplete?: true
}

/** A part of a rule that a server dropped without an error when it was set, or `the whole rule`. */
export interface LeftOut {
  rule: string
  part: string
}

/** The one part that a server may lack without any backup staying too long or going too early: unfinished uploads only cost money. */
const dispensable = 'AbortIncompleteMultipartUpload'

/** What setting the wanted rules of a prefix does to those that a bucket has; whatever is not Holdfast's for that prefix is kept. */
export function changesTo(found: readonly LifecycleRule[], wanted: readonly LifecycleRule[], prefix: string): RuleChange[] {
  const kept = found.map((rule): RuleChange => {
    if (!isOwnRule(rule, prefix)) return { change: 'kept', rule }
    const replacement = wanted.find(({ ID }) => ID === rule.ID)
    if (replacement === undefined) return { change: 'removed', rule }
    if (isSameRule(rule, replacement)) return { change: 'kept', rule }
    const { [dispensable]: _, ...reduced } = replacement
    if (isSameRule(rule, reduced)) return { change: 'kept', rule: replacement, isIncomplete: true }
    return { change: 'changed', rule: replacement }
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

/** What is known to be dropped, before anything is set. */
export function knownLeftOut(changes: readonly RuleChange[]): LeftOut[] {
  return changes.filter(({ isIncomplete }) => isIncomplete).map(({ rule: { ID: rule = '' } }) => ({ rule, part: dispensable }))
}

/** Whether what a server left out leaves objects longer or shorter than wanted. */
export function isSerious({ part }: LeftOut): boolean {
  return part !== dispensable
}

/** What of the wanted rules a server did not keep. */
export function leftOut(wanted: readonly LifecycleRule[], stored: readonly LifecycleRule[]): LeftOut[] {
  return wanted.flatMap((rule) => {
    const { ID: id = 'without a name' } = rule
    const there = findRule(rule, stored)
    if (there === undefined) return [{ rule: id, part: 'the whole rule' }]
    const parts = Object.keys(rule) as (keyof LifecycleRule)[]
    return parts.filter((part) => !isDeepStrictEqual(plain(rule[part]), plain(there[part]))).map((part) => ({ rule: id, part }))
  })
}

/** A rule as the server has stored it. One that was set without a name may have got one; only all the rest of it tells it from others. */
export function findRule(rule: LifecycleRule, stored: readonly LifecycleRule[]): LifecycleRule | undefined {
  if (rule.ID !== undefined) return stored.find(({ ID }) => ID === rule.ID)
  return stored.find((other) => isSameRule({ ...rule, ID: other.ID }, other))
}

/** A rule as another program may have stored it: the same in another order of its parts. */
function isSameRule(one: LifecycleRule, other: LifecycleRule): boolean {
  return isDeepStrictEqual(plain(one), plain(other))
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}
