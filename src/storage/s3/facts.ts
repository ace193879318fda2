import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type LifecycleRule,
} from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import type { StorageDanger, StorageFact, StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import {
  archivesObjects,
  dangersTo,
  isOn,
  readRules,
  removesObjects,
  rulePrefix,
  unknownClasses,
  unreadAt,
} from './bucketRules.ts'
import { answered, statusOf } from './failures.ts'
import { sendOptions } from './request.ts'
import { clean } from './said.ts'

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
  /** What some of the rules that are on do, in words. */
  const askRules = async (name: string, told: (rule: LifecycleRule) => string | undefined, none: string): Promise<StorageFact> =>
    ask(name, async () => {
      const found = await (reading ??= readRules(bucket, options))
      const parts = found.rules.filter(isOn).flatMap((rule) => told(rule) ?? [])
      const unread = unreadAt(found, '')
      if (unread.length > 0) parts.push(`unknown: ${describeUnread(unread)}`)
      return parts.length === 0 ? none : parts.join(', ')
    })
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
    await askRules('unfinished uploads', describeUnfinished, 'stay until somebody removes them'),
    await askRules('rules that expire objects', (rule) => (removesObjects(rule) ? describeExpiry(rule) : undefined), 'none'),
    await askRules('rules that archive objects', (rule) => (archivesObjects(rule) ? describeArchiving(rule) : undefined), 'none'),
  ]
}

const defaultRetentionOnly =
  'the bucket locks what is stored, but --object-lock is not set: packs that later backups use again keep the lock of the day they were stored, ' +
  'and run out of it while they are needed. Set --object-lock and --object-lock-days, or HOLDFAST_OBJECT_LOCK and HOLDFAST_OBJECT_LOCK_DAYS, for every command'

/**
 * What rules of the bucket would do to what is stored below a prefix; undefined where nothing.
 * @throws what the SDK throws, HoldfastError where the answer is no lifecycle.
 */
export async function endangering(bucket: Bucket, prefix: string, options: StorageOptions): Promise<StorageDanger | undefined> {
  try {
    const found = await readRules(bucket, options)
    const told = dangersTo(found.rules, prefix).map((rule) =>
      removesObjects(rule) ? `expires objects: ${describeExpiry(rule)}` : `archives objects: ${describeArchiving(rule)}`,
    )
    if (told.length > 0) return { found: `a rule of the bucket ${told.join(', another one ')}` }
    const unread = unreadAt(found, prefix)
    if (unread.length === 0) return movedElsewhere(unknownClasses(found.rules, prefix))
    return {
      found: describeUnread(unread),
      hint: 'see in the manual of the server what these do, and remove them if they may remove objects, or choose another prefix for the repository where they are for certain ones',
    }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (statusOf(error) === 403) return { found: 'this role may not ask for the rules of the bucket', unknown: true }
    if (isNotTold(error)) return { found: 'the server does not tell the rules of the bucket', unknown: true }
    throw error
  }
}

function movedElsewhere(classes: readonly string[]): StorageDanger | undefined {
  if (classes.length === 0) return undefined
  const found = `a rule of the bucket moves objects to a class that Holdfast does not know: ${classes.map((name) => clean(name)).join(', ')}`
  return { found, unknown: true, hint: 'see in the manual of the server whether objects of it are read at once' }
}

const notTold = [
  'InvalidRequest',
  'InvalidArgument',
  'NotImplemented',
  'MethodNotAllowed',
  'UnsupportedOperation',
  'NotSupported',
]

/** Whether a server answered that it has no rules to tell; other trouble with them passes, or is to be looked into. */
export function isNotTold(error: unknown): boolean {
  const isUnknownPlace = statusOf(error) === 404 && !answered(error, 'NoSuchBucket')
  return isUnknownPlace || [405, 501].includes(statusOf(error) ?? 0) || answered(error, ...notTold)
}

function describeUnread(parts: readonly string[]): string {
  return `rules that hold what Holdfast does not know: ${parts.join(', ')}`
}

function describeUnfinished({ AbortIncompleteMultipartUpload: unfinished }: LifecycleRule): string | undefined {
  const days = unfinished?.DaysAfterInitiation
  return days === undefined ? undefined : `removed after ${days} days`
}

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
  if (error instanceof HoldfastError) return `unknown: ${error.message}`
  return `unknown: ${error instanceof Error ? error.name : String(error)}`
}
