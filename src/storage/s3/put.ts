import { setTimeout as delay } from 'node:timers/promises'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import { randomId } from '../../core/ids.ts'
import type { Bucket } from './bucket.ts'
import { partDigest } from './digest.ts'
import { answered, statusOf, UnsettledPut } from './failures.ts'
import { surelyHeadObject } from './head.ts'
import { isKept, removeQuietly } from './ownObject.ts'
import { PartedUpload } from './partedUpload.ts'
import { PartMemory, partsOf, smallestPart } from './parts.ts'
import {
  condition,
  conflictLimit,
  lastWord,
  objectHeaders,
  type Order,
  type PutOptions,
  type Stored,
  whatIsThere,
} from './putOrder.ts'
import { sendOptions } from './request.ts'
import { required, requireAsAsked } from './stored.ts'

const defaultPartSize = smallestPart

/**
 * Stores an object whole or not at all, in parts where it is large. A chunk's memory may be used again when the next one is asked for.
 * An answer that was lost does no harm: what is there is recognised as this put's own.
 * @returns undefined where the key is taken, which is left untouched.
 * @throws what the SDK throws, `UnsettledPut` where nobody can tell whether it is stored, HoldfastError `refused` where the server does not
 * encrypt as asked and `integrity` where it stores something else, what the body throws.
 */
export async function putObject(
  bucket: Bucket,
  key: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<Stored | undefined> {
  options.signal?.throwIfAborted()
  const before = options.onlyNew ? undefined : await surelyHeadObject(bucket, key, options)
  const order: Order = { bucket, key, id: randomId(), options, replaced: before && fateOf(before) }
  if (order.replaced === 'gone') await rehearse(order)
  try {
    return await putInOrder(order, body)
  } catch (error) {
    if (isCutOff(error)) await tellIncapable(order)
    // There are servers that refuse a lock and keep the object.
    if (bucket.lock !== undefined && !options.shortLived && isRefusal(error)) await removeQuietly(order)
    throw error
  }
}

/** What becomes of an object that another one replaces. */
function fateOf({ VersionId: version }: { VersionId?: string | undefined }): 'kept' | 'gone' {
  return isKept(version) ? 'kept' : 'gone'
}

async function putInOrder(order: Order, body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Stored | undefined> {
  const { options } = order
  const { partSize = defaultPartSize } = options
  if (body instanceof Uint8Array && body.length <= partSize) return putWhole(order, body)
  const memory = new PartMemory(partSize)
  const parts = partsOf(body instanceof Uint8Array ? [body] : body, memory)
  try {
    const { value: first } = await parts.next()
    if (first === undefined) throw new Error('a body has at least one part')
    options.signal?.throwIfAborted()
    if (first.last) return await putWhole(order, first.part)
    return await new PartedUpload(order, memory).run(first.part, parts)
  } finally {
    // The body is closed also where nothing more is read of it.
    await parts.return(undefined)
  }
}

function isRefusal(error: unknown): boolean {
  const status = statusOf(error) ?? 0
  return status >= 400 && status < 500
}

/**
 * Has the server show that it encrypts as asked and takes a lock. What a small object replaces is gone before the answer to its put can
 * tell that; an upload in parts, which is given up here, tells it before.
 */
async function rehearse(order: Order): Promise<void> {
  const { encryption, lock } = order.bucket
  if (encryption === undefined && lock === undefined) return
  // They are of the parts of the body; the part of one byte has none.
  const { digests: _, ...options } = order.options
  await new PartedUpload({ ...order, options }, new PartMemory(1)).rehearse()
}

/**
 * Whether the connection broke to a server that could be reached. Not where nobody could tell afterwards what is there, as the server cannot
 * be asked; nor where something wrong is there, which matters more than why it stays.
 */
function isCutOff(error: unknown): boolean {
  if (error instanceof HoldfastError || (error instanceof UnsettledPut && !error.isAbsent)) return false
  return answered(error, 'ECONNRESET', 'EPIPE')
}

/**
 * A server that refuses an object before it has read it breaks the connection, and then nobody reads why.
 * @throws what it says where it cannot store as asked, so that it has not.
 */
async function tellIncapable(order: Order): Promise<void> {
  await rehearse(order).catch((error: unknown) => {
    if (statusOf(error) === 501) throw error
  })
}

async function putWhole(order: Order, body: Uint8Array): Promise<Stored | undefined> {
  const { bucket, options } = order
  const checksum = options.digests?.[0] ?? (await partDigest(body))
  options.approve?.({ size: body.length, checksum })
  const input = {
    ...objectHeaders(order),
    ...condition(options),
    Body: body,
    ContentLength: body.length,
    ChecksumSHA256: checksum,
  }
  for (let conflicts = 0; ; conflicts++) {
    try {
      const answer = await bucket.client.send(new PutObjectCommand(input), sendOptions(options))
      // It is there from here on, whatever a look at it brings.
      bucket.unanswered.add(input)
      required(answer.ETag, 'an ETag')
      await requireAsAsked(order, answer, checksum)
      return { size: body.length, checksum, own: order }
    } catch (error) {
      options.signal?.throwIfAborted()
      const found = await whatIsThere(order, { input, checksum, error })
      if (found === 'ours') return { size: body.length, checksum, own: order }
      if (found === 'taken') return undefined
      if (conflicts === conflictLimit) throw lastWord(bucket, { input, error })
      await delay(50 * 2 ** conflicts * Math.random(), undefined, { signal: options.signal })
    }
  }
}
