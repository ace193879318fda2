import {
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  type TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3'
import { keyPrefix } from '../../core/s3Uri.ts'
import type { StorageOptions } from '../storage.ts'
import { type Answer, textOf } from './answers.ts'
import type { Bucket } from './bucket.ts'
import { answered } from './failures.ts'
import { sendOptions } from './request.ts'
import { requireLifecycle, unknownParts } from './rulesAnswer.ts'

/** The lifecycle of a bucket as it is set. */
export interface BucketRules {
  rules: LifecycleRule[]
  smallest: TransitionDefaultMinimumObjectSize | undefined
  /** Names of what some of the rules hold besides, which setting them again would take away. */
  lost: string[]
}

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
        if (response.statusCode === 200) requireLifecycle(bucket, (answer = await textOf(response)))
        return result
      },
    { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'keepAnswer' },
  )
  try {
    const { Rules: rules = [], TransitionDefaultMinimumObjectSize: smallest } = await client.send(request, sendOptions(options))
    return { rules: rules.map(inNewForm), smallest, lost: unknownParts(answer) }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (answered(error, 'NoSuchLifecycleConfiguration')) return { rules: [], smallest: undefined, lost: [] }
    throw error
  }
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

/** Whether a rule removes current objects by their age or at a date. */
export function removesObjects({ Expiration }: LifecycleRule): boolean {
  return Expiration?.Days !== undefined || Expiration?.Date !== undefined
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
