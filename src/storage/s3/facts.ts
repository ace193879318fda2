import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type LifecycleRule,
} from '@aws-sdk/client-s3'
import type { StorageFact, StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { readRules, removesObjects, rulePrefix } from './bucketRules.ts'
import { answered, statusOf } from './failures.ts'
import { sendOptions } from './request.ts'

/** What a bucket is set up for. A role may lack the right to ask, which is told and is no failure. */
export async function bucketFacts(bucket: Bucket, options: StorageOptions): Promise<StorageFact[]> {
  const { client, name: Bucket } = bucket
  const send = sendOptions(options)
  const ask = async (name: string, question: () => Promise<string>): Promise<StorageFact> => {
    try {
      return { name, found: await question() }
    } catch (error) {
      options.signal?.throwIfAborted()
      return { name, found: whyUnknown(error) }
    }
  }
  let reading: ReturnType<typeof readRules> | undefined
  const enabledRules = async (): Promise<LifecycleRule[]> =>
    (await (reading ??= readRules(bucket, options))).rules.filter(({ Status }) => Status === 'Enabled')
  return [
    await ask('versioning', async () => {
      const { Status = 'off' } = await client.send(new GetBucketVersioningCommand({ Bucket }), send)
      return Status.toLowerCase()
    }),
    await ask('object lock', async () => {
      const answer = await client.send(new GetObjectLockConfigurationCommand({ Bucket }), send)
      const { Mode, Days, Years } = answer.ObjectLockConfiguration?.Rule?.DefaultRetention ?? {}
      const usual =
        Mode === undefined
          ? 'no default retention'
          : `${Mode.toLowerCase()} for ${Days ?? `${Years} years`}${Days ? ' days' : ''}`
      return `possible, ${usual}`
    }),
    await ask('default encryption', async () => {
      const answer = await client.send(new GetBucketEncryptionCommand({ Bucket }), send)
      const rule = answer.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault
      return rule?.SSEAlgorithm ?? 'none'
    }),
    await ask('unfinished uploads', async () => {
      const days = (await enabledRules())
        .map((rule) => rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation)
        .find((found) => found !== undefined)
      return days === undefined ? 'stay until somebody removes them' : `removed after ${days} days`
    }),
    await ask('rules that expire objects', async () => {
      const expiring = (await enabledRules()).filter(removesObjects)
      if (expiring.length === 0) return 'none'
      return `${expiring.map(describeRule).join(', ')}: make sure that none reaches a repository`
    }),
  ]
}

function describeRule(rule: LifecycleRule): string {
  const { ID, Expiration } = rule
  const prefix = rulePrefix(rule)
  const when = Expiration?.Days === undefined ? 'at a date' : `after ${Expiration.Days} days`
  return `${ID ?? 'a rule'} (${prefix === '' ? 'everything' : prefix} ${when})`
}

const absent = ['ObjectLockConfigurationNotFoundError', 'ServerSideEncryptionConfigurationNotFoundError']

function whyUnknown(error: unknown): string {
  if (answered(error, ...absent)) return 'none'
  if (answered(error, 'AccessDenied')) return 'unknown, this role may not ask'
  if (answered(error, 'NotImplemented') || statusOf(error) === 501) return 'unknown to the server'
  return `unknown: ${error instanceof Error ? error.name : String(error)}`
}
