import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type LifecycleRule,
} from '@aws-sdk/client-s3'
import type { StorageFact, StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { archivesObjects, dangersTo, readRules, removesObjects, rulePrefix } from './bucketRules.ts'
import { answered, statusOf } from './failures.ts'
import { sendOptions } from './request.ts'

/** What a bucket is set up for. A role may lack the right to ask, which is told and is no failure. */
export async function bucketFacts(bucket: Bucket, options: StorageOptions): Promise<StorageFact[]> {
  const { client, name: Bucket } = bucket
  const send = sendOptions(options)
  const ask = async (name: string, question: () => Promise<string | Omit<StorageFact, 'name'>>): Promise<StorageFact> => {
    try {
      const answer = await question()
      return { name, ...(typeof answer === 'string' ? { found: answer } : answer) }
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
      if (Mode === undefined || bucket.lock !== undefined) return `possible, ${usual}`
      return { found: `possible, ${usual}`, warning: defaultRetentionOnly }
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
      return expiring.length === 0 ? 'none' : expiring.map(describeExpiry).join(', ')
    }),
    await ask('rules that archive objects', async () => {
      const archiving = (await enabledRules()).filter(archivesObjects)
      return archiving.length === 0 ? 'none' : archiving.map(describeArchiving).join(', ')
    }),
  ]
}

const defaultRetentionOnly =
  'the bucket locks what is stored, but --object-lock is not set: packs that later backups use again keep the lock of the day they were stored, ' +
  'and run out of it while they are needed. Set --object-lock and --object-lock-days, or HOLDFAST_OBJECT_LOCK and HOLDFAST_OBJECT_LOCK_DAYS, for every command'

/** What rules of the bucket would do to what is stored below a prefix; undefined where nothing, or where they may not be asked for. */
export async function endangering(bucket: Bucket, prefix: string, options: StorageOptions): Promise<string | undefined> {
  try {
    const dangers = dangersTo((await readRules(bucket, options)).rules, prefix)
    const told = dangers.map((rule) =>
      removesObjects(rule) ? `expires objects: ${describeExpiry(rule)}` : `archives objects: ${describeArchiving(rule)}`,
    )
    return told.length === 0 ? undefined : `a rule of the bucket ${told.join(', another one ')}`
  } catch (error) {
    options.signal?.throwIfAborted()
    // A role may lack the right to ask, and a server may know no rules: the facts say so.
    if (mayNotAsk.has(statusOf(error))) return undefined
    throw error
  }
}

/** What a server answers whose rules cannot be asked for. */
const mayNotAsk = new Set<number | undefined>([403, 405, 501])

function describeArchiving(rule: LifecycleRule): string {
  return `${rule.ID ?? 'a rule'} (${rulePrefix(rule) || 'everything'})`
}

function describeExpiry(rule: LifecycleRule): string {
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
