import {
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  type TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3'
import type { StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { answered } from './failures.ts'
import { sendOptions } from './request.ts'

/** The lifecycle of a bucket as it is set. */
export interface BucketRules {
  rules: LifecycleRule[]
  smallest: TransitionDefaultMinimumObjectSize | undefined
}

/** Reads the lifecycle of a bucket; one that has none has no rules. */
export async function readRules({ client, name }: Bucket, options: StorageOptions): Promise<BucketRules> {
  try {
    const request = new GetBucketLifecycleConfigurationCommand({ Bucket: name })
    const { Rules: rules = [], TransitionDefaultMinimumObjectSize: smallest } = await client.send(request, sendOptions(options))
    return { rules: rules.map(inNewForm), smallest }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (answered(error, 'NoSuchLifecycleConfiguration')) return { rules: [], smallest: undefined }
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
