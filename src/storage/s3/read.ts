import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import type { ByteRange, StorageOptions } from '../storage.ts'
import type { Bucket } from './bucket.ts'
import { statusOf } from './failures.ts'
import { lively, TooSlow } from './lively.ts'
import { sendOptions } from './request.ts'

/** How often in a row a read is taken up again that brought nothing, or too little in its time. */
const resumptions = 6

/**
 * Reads an object or a part of it. A connection that breaks on the way is taken up again where it broke, on the same content.
 * @returns an empty stream where the object has nothing in that range.
 * @throws what the SDK throws; its HTTP status is 404 where there is no such object.
 */
export async function* readObject(
  bucket: Bucket,
  key: string,
  { range, signal }: StorageOptions & { range?: ByteRange } = {},
): AsyncGenerator<Uint8Array> {
  let position = range?.offset ?? 0
  const end = range === undefined ? undefined : range.offset + range.length
  let etag: string | undefined
  for (let fruitless = 0; end === undefined || position < end; fruitless++) {
    signal?.throwIfAborted()
    const answer = await open(bucket, key, { position, end, etag }, signal)
    if (answer === undefined) return
    etag ??= answer.etag
    const stop = position + answer.length
    const before = position
    let isSlow = false
    try {
      for await (const whole of lively(answer.body, bucket.patience)) {
        // Asked for once more, so that a connection whose answer ends here can be used again.
        if (end !== undefined && position >= end) return
        const chunk = end === undefined ? whole : whole.subarray(0, end - position)
        position += chunk.length
        yield chunk
        signal?.throwIfAborted()
      }
      if (position >= stop) return
    } catch (error) {
      signal?.throwIfAborted()
      if (fruitless >= resumptions) throw error
      isSlow = error instanceof TooSlow
    }
    if (position > before && !isSlow) fruitless = 0
    else if (fruitless >= resumptions) throw cutShort(bucket, key, stop, position)
    await delay(100 * 2 ** fruitless * Math.random(), undefined, signal ? { signal } : {})
  }
}

interface Opened {
  body: Readable
  /** Bytes that are to come. */
  length: number
  etag: string | undefined
}

async function open(
  { client, name }: Bucket,
  key: string,
  { position, end, etag }: { position: number; end: number | undefined; etag: string | undefined },
  signal: AbortSignal | undefined,
): Promise<Opened | undefined> {
  const range: { Range?: string } =
    position === 0 && end === undefined ? {} : { Range: `bytes=${position}-${end === undefined ? '' : end - 1}` }
  const same = etag === undefined ? {} : { IfMatch: etag }
  try {
    const answer = await client.send(
      new GetObjectCommand({ Bucket: name, Key: key, ...range, ...same }),
      sendOptions(signal ? { signal } : {}),
    )
    const body = answer.Body as unknown as Readable
    if (range.Range !== undefined && !answer.ContentRange?.startsWith(`bytes ${position}-`)) {
      body.destroy()
      throw rangeIgnored(name, key)
    }
    // Not every server knows the condition.
    if (etag !== undefined && answer.ETag !== undefined && answer.ETag !== etag) {
      body.destroy()
      throw replaced(key)
    }
    if (signal !== undefined) destroyOn(signal, body)
    return { body, length: answer.ContentLength ?? 0, etag: answer.ETag }
  } catch (error) {
    signal?.throwIfAborted()
    if (statusOf(error) === 416) return undefined
    throw statusOf(error) === 412 && etag !== undefined ? replaced(key, error) : error
  }
}

function destroyOn(signal: AbortSignal, body: Readable): void {
  const destroy = (): void => void body.destroy(signal.reason as Error)
  signal.addEventListener('abort', destroy, { once: true })
  body.once('close', () => signal.removeEventListener('abort', destroy))
}

function replaced(key: string, cause?: unknown): HoldfastError {
  return new HoldfastError('integrity', `${key} was replaced while it was read`, {
    hint: 'objects are never overwritten: find out who did it',
    cause,
  })
}

function rangeIgnored(bucket: string, key: string): HoldfastError {
  return new HoldfastError('repository', `asked for a part of ${key} in s3://${bucket}, the server gives another one`, {
    hint: 'use a server, and proxies, that honour the range of a read',
  })
}

function cutShort({ location }: Bucket, key: string, expected: number, found: number): HoldfastError {
  return new HoldfastError(
    'repository',
    `${key} in ${location} is cut short on its way: expected ${expected} bytes, found ${found}`,
    {
      hint: 'check the network and proxies, then run it again',
    },
  )
}
