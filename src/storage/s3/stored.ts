import { HoldfastError } from '../../core/errors.ts'
import type { Bucket } from './bucket.ts'
import { owesKey, requireEncryption, requireKeyTold, type ToldEncryption } from './encryption.ts'
import { headObject } from './head.ts'
import { type OwnObject, refusedAndRemoved } from './ownObject.ts'

/** What a server tells of an object that it has stored. */
export interface ToldStored extends ToldEncryption {
  ChecksumSHA256?: string | undefined
  VersionId?: string | undefined
}

/**
 * Makes sure that an object that was just stored is as it was asked for; one that is not is removed again, unless that would leave nothing
 * where it has replaced something.
 * @param checksum what was sent, as S3 tells it
 * @throws HoldfastError `refused` where it is not encrypted as asked, `integrity` where it is not what was sent.
 */
export async function requireAsAsked(own: OwnObject, told: ToldStored, checksum: string): Promise<void> {
  const { bucket, key } = own
  try {
    requireEncryption(bucket, key, told)
    requireChecksum(`stored ${key}`, checksum, told.ChecksumSHA256)
    if (owesKey(bucket, told)) await requireKey(bucket, key)
  } catch (error) {
    throw error instanceof HoldfastError ? await refusedAndRemoved(own, told.VersionId, error) : error
  }
}

async function requireKey(bucket: Bucket, key: string): Promise<void> {
  const found = (await headObject(bucket, key)) ?? {}
  requireEncryption(bucket, key, found)
  requireKeyTold(bucket, key, found)
}

/** What any server answers, but not a page that something on the way puts in its place. @throws HoldfastError `repository` without it. */
export function required(value: string | undefined, what: string): string {
  if (value !== undefined && value !== '') return value
  throw new HoldfastError('repository', `the server answered without ${what}`, {
    hint: 'use a server that speaks the S3 protocol; see whether a proxy answers in its place',
  })
}

/** @throws HoldfastError `integrity` where the server tells another checksum than was sent; some tell none. */
export function requireChecksum(what: string, expected: string, found: string | undefined): void {
  if (found === undefined || found === expected) return
  throw new HoldfastError('integrity', `the server ${what} with SHA-256 ${found}, expected ${expected}`, {
    hint: 'something on the way or the server itself changes data: check proxies and the server',
  })
}
