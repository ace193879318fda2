import {
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  type TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3'
import { keyPrefix } from '../../core/s3Uri.ts'
import type { StorageOptions } from '../storage.ts'
import { type Answer, textOf } from './answers.ts'
import type { Bucket } from './bucket.ts'
import { answered, statusOf } from './failures.ts'
import { sendOptions } from './request.ts'
import { requireLifecycle, unknownParts, type UnreadParts, unreadParts } from './rulesAnswer.ts'

/** The lifecycle of a bucket as it is set. */
export interface BucketRules {
  rules: LifecycleRule[]
  smallest: TransitionDefaultMinimumObjectSize | undefined
  /** Names of what some of the rules hold besides, which setting them again would take away. */
  lost: string[]
  /** What of that may do something to current objects. */
  unread: readonly UnreadParts[]
}

const none: BucketRules = { rules: [], smallest: undefined, lost: [], unread: [] }

/** Reads the lifecycle of a bucket; one that has none has no rules. @throws what the SDK throws, HoldfastError where it is none. */
export async function readRules(bucket: Bucket, options: StorageOptions): Promise<BucketRules> {
  const { client, name } = bucket
  const request = new GetBucketLifecycleConfigurationCommand({ Bucket: name })
  let answer = ''
  request.middlewareStack.addRelativeTo(
    <Request, Result>(next: (args: Request) => Promise<Result>) =>
      async (args: Request) => {
        const result = await next(args)
        const { response } = result as { response: Answer }
        // Whoever changes an answer on its way is to give it status 203; 204 has none to be read.
        if (response.statusCode < 300 && response.statusCode !== 204) {
          answer = await textOf(response)
          requireLifecycle(bucket, answer)
        }
        return result
      },
    { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'keepAnswer' },
  )
  try {
    const { Rules = [], TransitionDefaultMinimumObjectSize: smallest } = await client.send(request, sendOptions(options))
    const rules = Rules.map(inNewForm)
    return { rules, smallest, lost: unknownParts(answer), unread: unreadParts(answer, rules) }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (isWithoutRules(error)) return none
    throw error
  }
}

/** Servers have several codes for a bucket without rules; a page that is not there has none. */
function isWithoutRules(error: unknown): boolean {
  return statusOf(error) === 404 && Object.hasOwn(error as object, 'Code') && !answered(error, 'NoSuchBucket')
}

/** S3 takes no rule with a prefix of its own, the old form, beside those with a filter, which mean the same. */
function inNewForm({ Prefix: prefix, ...rule }: LifecycleRule): LifecycleRule {
  return prefix === undefined || rule.Filter !== undefined ? rule : { ...rule, Filter: { Prefix: prefix } }
}

/** What the keys start with that a rule is for. */
export function rulePrefix({ Prefix, Filter }: LifecycleRule): string {
  return Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? ''
}

/** Whether a rule moves current objects to where they cannot be read at once. */
export function archivesObjects({ Transitions = [] }: LifecycleRule): boolean {
  return Transitions.some(({ StorageClass }) => /GLACIER$|DEEP_ARCHIVE/.test(StorageClass ?? ''))
}

/** The classes that are read at once; others, which some servers have, may be or not. */
const online = [
  'STANDARD',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'REDUCED_REDUNDANCY',
  'EXPRESS_ONEZONE',
]

/** The classes that rules move current objects below a prefix to, and that nobody here knows. */
export function unknownClasses(rules: readonly LifecycleRule[], prefix: string): string[] {
  const moving = rules.filter((rule) => reaches(rule, prefix) && !archivesObjects(rule))
  const classes = moving.flatMap(({ Transitions = [] }) => Transitions.map(({ StorageClass = '' }) => String(StorageClass)))
  return [...new Set(classes)].filter((name) => !online.includes(name))
}

/** Whether a rule removes current objects by their age or at a date. */
export function removesObjects({ Expiration }: LifecycleRule): boolean {
  return Expiration?.Days !== undefined || Expiration?.Date !== undefined
}

/** Whether a rule does what it says; one that does not say so either way may. */
export function isOn({ Status }: LifecycleRule): boolean {
  return Status !== 'Disabled'
}

/** The rules that remove or archive current objects below a prefix, or some of them. */
export function dangersTo(rules: readonly LifecycleRule[], prefix: string): LifecycleRule[] {
  return rules.filter((rule) => reaches(rule, prefix) && (removesObjects(rule) || archivesObjects(rule)))
}

/** What rules hold that nobody here can read and that may be a danger below a prefix. */
export function unreadAt({ unread }: Pick<BucketRules, 'unread'>, prefix: string): string[] {
  return [...new Set(unread.flatMap(({ rule, parts }) => (rule === undefined || reaches(rule, prefix) ? parts : [])))]
}

/** Whether a rule is for an object of that key. */
export function reachesKey(rule: LifecycleRule, key: string): boolean {
  return isOn(rule) && !isForTagged(rule) && key.startsWith(rulePrefix(rule))
}

function reaches(rule: LifecycleRule, prefix: string): boolean {
  const base = keyPrefix(prefix)
  const theirs = rulePrefix(rule)
  return isOn(rule) && !isForTagged(rule) && (theirs.startsWith(base) || base.startsWith(theirs))
}

/** Whether a rule is for objects with a tag only: what is stored here has none. */
function isForTagged({ Filter }: LifecycleRule): boolean {
  return [Filter?.Tag, ...(Filter?.And?.Tags ?? [])].some((tag) => (tag?.Key ?? '') !== '')
}
