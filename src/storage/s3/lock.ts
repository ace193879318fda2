import { GetObjectLockConfigurationCommand, type ObjectLockMode, PutObjectRetentionCommand } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import type { StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { answered } from './failures.ts'
import { headObject } from './head.ts'
import type { S3Lock } from './options.ts'
import { sendOptions } from './request.ts'
import { type OwnObject, putIdName, refusedAndRemoved } from './ownObject.ts'
import { byServerClock } from './serverClock.ts'

const hour = 3_600_000
const day = 24 * hour

/** The part of a put that asks for a lock. */
export function lockHeaders(bucket: Bucket): { ObjectLockMode?: ObjectLockMode; ObjectLockRetainUntilDate?: Date } {
  const { lock } = bucket
  return lock === undefined ? {} : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: untilWhen(bucket, lock) }
}

/** Locks an object for at least as long as one that is put now. */
export async function extendLock(
  bucket: Bucket,
  key: string,
  options: StorageOptions,
): Promise<'extended' | 'long enough' | 'absent'> {
  const { client, name, lock } = bucket
  const found = await headObject(bucket, key, options)
  if (found === undefined) return 'absent'
  const { ObjectLockRetainUntilDate: until } = found
  // A lock cannot be shortened, and its mode not be changed without a special right: what is there is only made longer.
  if (lock === undefined || (until !== undefined && isLongEnough(bucket, lock, until))) return 'long enough'
  const Mode = found.ObjectLockMode ?? lock.mode
  const RetainUntilDate = untilWhen(bucket, lock)
  const request = { Bucket: name, Key: key, Retention: { Mode, RetainUntilDate } }
  await client.send(new PutObjectRetentionCommand({ ...request, ChecksumAlgorithm: 'SHA256' }), sendOptions(options))
  return 'extended'
}

/**
 * There are servers that answer a longer lock with yes and make nothing longer.
 * @throws HoldfastError `refused` where an object is not locked, in whatever mode, for as long as one that is put now.
 */
export async function requireExtended(bucket: Bucket, key: string, options: StorageOptions): Promise<void> {
  const { lock } = bucket
  const { ObjectLockRetainUntilDate: until } = (await headObject(bucket, key, options)) ?? {}
  if (lock === undefined || (until !== undefined && isLongEnough(bucket, lock, until))) return
  const found = until === undefined ? 'no lock' : `a lock until ${until.toISOString()}`
  throw new HoldfastError(
    'refused',
    `the server does not make the lock of ${key} longer: expected ${lock.days} days, found ${found}`,
    { hint: 'use a server that obeys PutObjectRetention, and a role that may s3:PutObjectRetention and s3:GetObjectRetention' },
  )
}

/** The lock that a server tells of an object. */
export interface FoundLock {
  mode: ObjectLockMode
  /** ISO 8601. */
  until: string
}

/**
 * Looks whether an object is locked as asked; one that was just put is removed again where it is not.
 * @param own the one that was just put; undefined where it was there already
 * @returns its lock; undefined where none is asked for.
 * @throws HoldfastError `refused` where it is not.
 */
export async function requireLocked(bucket: Bucket, key: string, own: OwnObject | undefined): Promise<FoundLock | undefined> {
  const { lock } = bucket
  if (lock === undefined) return undefined
  const found = await headObject(bucket, key)
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = found ?? {}
  if (until !== undefined && isLongEnough(bucket, lock, until) && (mode === lock.mode || mode === 'COMPLIANCE'))
    return { mode, until: until.toISOString() }
  // Another put may have replaced it meanwhile.
  const isOwn = own !== undefined && found?.Metadata?.[putIdName] === own.id
  const there = mode === undefined ? 'no lock' : `${mode} until ${until?.toISOString()}`
  const problem = new HoldfastError(
    'refused',
    `${isOwn ? `the server does not lock ${key}` : `${key} is not locked as asked`}: expected ${lock.mode} for ${lock.days} days, found ${there}`,
    {
      hint: isOwn
        ? 'use a bucket that was made with object lock and a role that may s3:GetObjectRetention, or leave object-lock out'
        : 'ask for the mode that it has, or have one who may s3:BypassGovernanceRetention change it; the role needs s3:GetObjectRetention',
    },
  )
  throw isOwn ? await refusedAndRemoved(own, found?.VersionId, problem) : problem
}

/** The lock of an object, where the bucket does not by itself lock all that is put there; undefined where there is none any more. */
export async function deliberateLock(bucket: Bucket, key: string, options: StorageOptions): Promise<FoundLock | undefined> {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = (await headObject(bucket, key, options)) ?? {}
  if (mode === undefined || until === undefined || until.getTime() <= serverNow(bucket)) return undefined
  if (await locksByItself(bucket, options)) return undefined
  return { mode, until: until.toISOString() }
}

/** Whether a bucket locks all that is put there; a role that may not ask does not know it. */
async function locksByItself({ client, name }: Bucket, options: StorageOptions): Promise<boolean> {
  try {
    const answer = await client.send(new GetObjectLockConfigurationCommand({ Bucket: name }), sendOptions(options))
    return answer.ObjectLockConfiguration?.Rule?.DefaultRetention !== undefined
  } catch (error) {
    options.signal?.throwIfAborted()
    if (answered(error, 'AccessDenied', 'NotImplemented')) return false
    throw error
  }
}

function isLongEnough(bucket: Bucket, lock: S3Lock, until: Date): boolean {
  return until.getTime() >= untilWhen(bucket, lock).getTime() - hour
}

/** By the clock of the server, whose locks these are. */
function serverNow(bucket: Bucket): number {
  return byServerClock(bucket, new Date()).getTime()
}

function untilWhen(bucket: Bucket, { days }: S3Lock): Date {
  return new Date(serverNow(bucket) + days * day)
}
