import { setTimeout as delay } from 'node:timers/promises'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { randomId } from '../../core/ids.ts'
import type { Bucket } from './bucket.ts'
import { partDigest } from './digest.ts'
import { statusOf } from './failures.ts'
import { PartedUpload } from './partedUpload.ts'
import { PartMemory, partsOf, smallestPart } from './parts.ts'
import { condition, conflictLimit, objectHeaders, type Order, type PutOptions, type Stored, whatIsThere } from './putOrder.ts'
import { sendOptions } from './request.ts'
import { findOwn, required, requireAsAsked } from './stored.ts'

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
  const order: Order = { bucket, key, id: randomId(), options }
  options.signal?.throwIfAborted()
  try {
    return await putInOrder(order, body)
  } catch (error) {
    // There are servers that refuse a lock and keep the object.
    if (bucket.lock !== undefined && !options.shortLived && isRefusal(error)) await removeOwn(order)
    throw error
  }
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

/** Removes what a put has stored although it was refused; nothing of others. */
async function removeOwn(order: Order): Promise<void> {
  const { bucket, key } = order
  const found = await findOwn(order)
  if (found === undefined) return
  const version = found.VersionId === undefined ? {} : { VersionId: found.VersionId }
  await bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: key, ...version })).catch(() => {})
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
      if (answer.ETag === undefined) bucket.unanswered.add(input)
      required(answer.ETag, 'an ETag')
      await requireAsAsked(order, answer, checksum)
      return { size: body.length, checksum }
    } catch (error) {
      options.signal?.throwIfAborted()
      const found = await whatIsThere(order, { input, checksum, error })
      if (found === 'ours') return { size: body.length, checksum }
      if (found === 'taken') return undefined
      if (conflicts === conflictLimit) throw error
      await delay(50 * 2 ** conflicts * Math.random(), undefined, { signal: options.signal })
    }
  }
}
