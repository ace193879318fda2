import { HoldfastError } from '../../core/errors.ts'
import type { StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { encryptionHeaders } from './encryption.ts'
import { answered, isTaken, UnsettledPut } from './failures.ts'
import { surelyHeadObject } from './head.ts'
import { lockHeaders } from './lock.ts'
import { type OwnObject, putIdName } from './ownObject.ts'
import { requireAsAsked } from './stored.ts'

/** How often a put is tried again that met another one of the same key under way. */
export const conflictLimit = 10

export interface PutOptions extends StorageOptions {
  /** Refuse where the key is taken; otherwise what is there is replaced. */
  onlyNew: boolean
  /** Names in lower case, values in ASCII. */
  metadata?: Readonly<Record<string, string>>
  contentType?: string
  /** Not locked, whatever the bucket's options say. */
  shortLived?: boolean
  /** Bytes of a part of a large body. */
  partSize?: number
  /** The SHA-256 (base64) of each part, where they are known: the server then compares what it gets with these. */
  digests?: readonly string[]
  /** Called when all has been read and before the object exists: where it throws, nothing is stored. */
  approve?: (read: Sent) => void
}

/** What was sent as one object. */
interface Sent {
  size: number
  /** Base64, over the whole object or, with `-N` behind it, over the digests of its N parts. */
  checksum: string
}

/** An object that was stored as it was sent. */
export interface Stored extends Sent {
  own: OwnObject
}

/** What one put sends besides the bytes. */
export interface Order extends OwnObject {
  options: PutOptions
}

/** A request that should have made the object, and how it failed. */
interface Failed {
  input: object
  /** Of what was sent. */
  checksum: string
  error: unknown
  isInParts?: boolean
}

/**
 * Asks after a failure what the key holds: our own object, where an answer was lost; another one; or nothing, so that it can be tried again.
 * @throws the error where nothing of it is there and it cannot be tried again; {@link UnsettledPut} where that cannot be found out, or it may
 * come to exist yet;
 * HoldfastError where our own object is not as it was asked for.
 */
export async function whatIsThere(
  order: Order,
  { input, checksum, error, isInParts = false }: Failed,
): Promise<'ours' | 'taken' | 'nothing'> {
  const { bucket, key, id, options } = order
  // What is wrong with what is there has been told, and it is removed.
  if (error instanceof HoldfastError && error.code !== 'repository') throw error
  const mayBeThere = bucket.unanswered.has(input)
  const isConflict = answered(error, 'ConditionalRequestConflict', 'OperationAborted')
  const isGone = answered(error, 'NoSuchUpload')
  const isToTryAgain = isTaken(error) || isConflict
  if (!isToTryAgain && !isGone && !mayBeThere) throw error
  const found = await surelyHeadObject(bucket, key, options).catch((failure: unknown) => {
    options.signal?.throwIfAborted()
    throw mayBeThere ? new UnsettledPut(error as Error, { isInParts, isAbsent: false }) : failure
  })
  if (found?.Metadata?.[putIdName] === id) {
    await requireAsAsked(order, found, checksum)
    return 'ours'
  }
  if (found !== undefined && options.onlyNew) return 'taken'
  if (!isToTryAgain) throw lastWord(bucket, { input, error, isInParts })
  return 'nothing'
}

/** The error of a put whose object is not there; another one where it may come to exist yet, as an attempt got no answer. */
export function lastWord(
  { unanswered }: Bucket,
  { input, error, isInParts = false }: Pick<Failed, 'input' | 'error' | 'isInParts'>,
): unknown {
  return unanswered.has(input) && error instanceof Error ? new UnsettledPut(error, { isInParts, isAbsent: true }) : error
}

/** What of an order goes into the request that makes the object. */
export function objectHeaders({ bucket, key, id, options }: Order) {
  const { metadata, contentType = 'application/octet-stream', shortLived = false } = options
  return {
    Bucket: bucket.name,
    Key: key,
    ContentType: contentType,
    Metadata: { ...metadata, [putIdName]: id },
    ...encryptionHeaders(bucket),
    ...(shortLived ? {} : lockHeaders(bucket)),
  }
}

/** The condition under which an object may be made. */
export function condition({ onlyNew }: PutOptions): { IfNoneMatch?: string } {
  return onlyNew ? { IfNoneMatch: '*' } : {}
}
