import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import type { Bucket } from './bucket.ts'
import { headObject } from './head.ts'

/** Tells our own object from another one where an answer was lost. */
export const putIdName = 'holdfast-put'

/** An object that was just put, with the id in its metadata. */
export interface OwnObject {
  bucket: Bucket
  key: string
  id: string
  /** What became of the one that it has replaced: kept as a version, or gone; undefined where there was none. */
  replaced: 'kept' | 'gone' | undefined
}

/** Our own object as it is there; undefined where another one is, or nobody can tell. */
async function findOwn({ bucket, key, id, replaced }: OwnObject): Promise<{ VersionId?: string | undefined } | undefined> {
  const found = await headObject(bucket, key).catch(() => undefined)
  if (found?.Metadata?.[putIdName] !== id) return undefined
  // Not every server tells the name of what has no version of its own.
  return replaced === 'kept' ? { VersionId: found.VersionId ?? 'null' } : found
}

/**
 * Removes an object that a server stored otherwise than was asked for. Without a version of its own a delete would hide what was there
 * before, too, or remove what another put has stored: where versioning is suspended, that is called as this one was.
 * @returns why it was refused, and what became of it.
 */
export async function refusedAndRemoved(
  own: OwnObject,
  version: string | undefined,
  error: HoldfastError,
): Promise<HoldfastError> {
  const found = isKept(version) ? { VersionId: version } : await findOwn(own)
  if (found !== undefined && isSafeToRemove(own, found.VersionId)) return removalTold(own, found.VersionId, error)
  const { bucket, key, id } = own
  const { code, message, hint = '' } = error
  if (found === undefined)
    return new HoldfastError(code, `${message}; it was not removed, for it is not what is found there`, {
      hint: `if there are versions of ${key} in ${bucket.location}, look for the one with ${putIdName}=${id} in its metadata, and remove it; ${hint}`,
      cause: error,
    })
  return new HoldfastError(code, `${message}; it is there, in the place of what it has replaced, which is gone`, {
    hint: `keep the local file, and look at ${key} in ${bucket.location}, a bucket that keeps no versions; ${hint}`,
    cause: error,
  })
}

/** Removes our own object, which was refused, without a word where that fails. */
export async function removeQuietly(own: OwnObject): Promise<void> {
  const found = await findOwn(own)
  if (found !== undefined && isSafeToRemove(own, found.VersionId)) await remove(own, found.VersionId).catch(() => {})
}

/** What an object has replaced comes back where it was kept as a version, and else nothing would be left. */
function isSafeToRemove({ replaced }: OwnObject, version: string | undefined): boolean {
  return replaced !== 'gone' || isKept(version)
}

/** Whether an object is kept as a version of its own where another one replaces it; where versioning is suspended it is called null. */
export function isKept(version: string | undefined): version is string {
  return version !== undefined && version !== 'null'
}

/** Removes our own object. @returns why it was refused, and whether that could be done. */
async function removalTold(own: OwnObject, version: string | undefined, error: HoldfastError): Promise<HoldfastError> {
  const { bucket, key } = own
  const { code, message, hint = '' } = error
  const cause = await remove(own, version).catch((failure: unknown) => failure)
  if (cause === undefined) return new HoldfastError(code, `${message}; it was removed again`, { hint })
  const found = `${key} in ${bucket.location}${version === undefined ? '' : `, version ${version},`}`
  return new HoldfastError(code, `${message}; it could not be removed, and may be there`, {
    hint: `remove ${found} with a role that may; ${hint}`,
    cause,
  })
}

/** Removes our own object and looks whether it is gone: not only servers answer a delete with yes. @throws where it is not. */
async function remove({ bucket, key, id }: OwnObject, version: string | undefined): Promise<void> {
  const { client, name } = bucket
  const which = version === undefined ? {} : { VersionId: version }
  await client.send(new DeleteObjectCommand({ Bucket: name, Key: key, ...which }))
  const found = await headObject(bucket, key)
  if (found?.Metadata?.[putIdName] === id) throw new Error('the server answered that it is removed, and has it still')
}
