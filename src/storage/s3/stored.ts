import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import type { Bucket } from './bucket.ts'
import { owesKey, requireEncryption, requireKeyTold, type ToldEncryption } from './encryption.ts'
import { headObject } from './head.ts'

/** What a server tells of an object that it has stored. */
export interface ToldStored extends ToldEncryption {
  ChecksumSHA256?: string | undefined
  VersionId?: string | undefined
}

/** Tells our own object from another one where an answer was lost. */
export const putIdName = 'holdfast-put'

/** An object that was just put, with the id in its metadata. */
export interface OwnObject {
  bucket: Bucket
  key: string
  id: string
}

/**
 * Makes sure that an object that was just stored is as it was asked for; one that is not is removed again.
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
    throw error instanceof HoldfastError ? await removedOwn(own, told.VersionId, error) : error
  }
}

/** Our own object as it is there; undefined where another one is, or nobody can tell. */
export async function findOwn({ bucket, key, id }: OwnObject): Promise<{ VersionId?: string | undefined } | undefined> {
  const found = await headObject(bucket, key).catch(() => undefined)
  return found?.Metadata?.[putIdName] === id ? found : undefined
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

/** As {@link removed}; without its version a delete would hide what was there before, too, or remove what another put has stored. */
async function removedOwn(own: OwnObject, version: string | undefined, error: HoldfastError): Promise<HoldfastError> {
  const { bucket, key } = own
  if (version !== undefined) return removed(bucket, key, version, error)
  const found = await findOwn(own)
  if (found !== undefined) return removed(bucket, key, found.VersionId, error)
  const { code, message, hint = '' } = error
  return new HoldfastError(code, `${message}; it was not removed, for nobody tells which one it is`, {
    hint: `look for it among the versions of ${key} in ${bucket.location}, and remove it; ${hint}`,
    cause: error,
  })
}

/**
 * Removes an object that a server stored otherwise than was asked for.
 * @returns why it was refused, and what became of it.
 */
export async function removed(
  { client, name, location }: Bucket,
  key: string,
  version: string | undefined,
  { code, message, hint = '' }: HoldfastError,
): Promise<HoldfastError> {
  const which = version === undefined ? {} : { VersionId: version }
  try {
    await client.send(new DeleteObjectCommand({ Bucket: name, Key: key, ...which }))
    return new HoldfastError(code, `${message}; it was removed again`, { hint })
  } catch (cause) {
    const found = `${key} in ${location}${version === undefined ? '' : `, version ${version},`}`
    return new HoldfastError(code, `${message}; it is there, and could not be removed`, {
      hint: `remove ${found} with a role that may; ${hint}`,
      cause,
    })
  }
}
