import { type ObjectLockMode, PutObjectRetentionCommand } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import type { StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { headObject } from './head.ts'
import type { S3Lock } from './options.ts'
import { sendOptions } from './request.ts'
import { removed } from './stored.ts'

const hour = 3_600_000
const day = 24 * hour

/** The part of a put that asks for a lock. */
export function lockHeaders({ lock }: Bucket): { ObjectLockMode?: ObjectLockMode; ObjectLockRetainUntilDate?: Date } {
  return lock === undefined ? {} : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: untilWhen(lock) }
}

/**
 * Locks an object for at least as long as one that is put now.
 * @returns false where there is none.
 */
export async function extendLock(bucket: Bucket, key: string, options: StorageOptions): Promise<boolean> {
  const { client, name, lock } = bucket
  const found = await headObject(bucket, key, options)
  if (lock === undefined || found === undefined) return found !== undefined
  // A lock cannot be shortened, and its mode not be changed without a special right: what is there is only made longer.
  const until = found.ObjectLockRetainUntilDate?.getTime() ?? 0
  if (until >= untilWhen(lock).getTime() - hour) return true
  const Mode = found.ObjectLockMode ?? lock.mode
  const RetainUntilDate = new Date(Math.max(until, untilWhen(lock).getTime()))
  const request = { Bucket: name, Key: key, Retention: { Mode, RetainUntilDate } }
  await client.send(new PutObjectRetentionCommand({ ...request, ChecksumAlgorithm: 'SHA256' }), sendOptions(options))
  return true
}

/**
 * Looks whether an object that was just put is locked; where it is not, it is removed again.
 * @throws HoldfastError `refused` where it is not.
 */
export async function requireLocked(bucket: Bucket, key: string): Promise<void> {
  const { lock } = bucket
  if (lock === undefined) return
  const found = await headObject(bucket, key)
  const until = found?.ObjectLockRetainUntilDate?.getTime() ?? 0
  if (isAsStrong(lock, found?.ObjectLockMode) && until >= untilWhen(lock).getTime() - hour) return
  const problem = new HoldfastError(
    'refused',
    `the server does not lock ${key}: expected ${lock.mode} for ${lock.days} days, found ${found?.ObjectLockMode ?? 'no lock'}`,
    { hint: 'use a bucket that was made with object lock and a role that may s3:GetObjectRetention, or leave object-lock out' },
  )
  throw await removed(bucket, key, found?.VersionId, problem)
}

function untilWhen({ days }: S3Lock): Date {
  return new Date(Date.now() + days * day)
}

function isAsStrong({ mode }: S3Lock, found: ObjectLockMode | undefined): boolean {
  return found === mode || found === 'COMPLIANCE'
}
