import { setTimeout as delay } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import { randomId } from '../../core/ids.ts'
import type { Bucket } from './bucket.ts'
import { compositeDigest, partDigest } from './digest.ts'
import { answered, statusOf } from './failures.ts'
import { headObject } from './head.ts'
import { PartMemory, partsOf, smallestPart } from './parts.ts'
import { encryptionHeaders, requireEncryption, requireStoredEncrypted } from './encryption.ts'
import { lockHeaders } from './lock.ts'
import { sendOptions } from './request.ts'

const defaultPartSize = smallestPart
/** How often a put is tried again that met another one of the same key under way. */
const conflictLimit = 10
/** Milliseconds that an upload in parts has to be given up after a failure. */
const abortTime = 15_000
/** Tells our own object from another one where an answer was lost. */
const putIdName = 'holdfast-put'

export interface PutOptions {
  signal?: AbortSignal | undefined
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
  approve?: (read: Stored) => void
}

/** An object that was stored, with what the server told of it. */
export interface Stored {
  size: number
  /** Base64, over the whole object or, with `-N` behind it, over the digests of its N parts. */
  checksum: string
}

/** What one put sends besides the bytes. */
interface Order {
  bucket: Bucket
  key: string
  id: string
  options: PutOptions
}

/**
 * Stores an object whole or not at all, in parts where it is large. A chunk's memory may be used again when the next one is asked for.
 * An answer that was lost does no harm: what is there is recognised as this put's own.
 * @returns undefined where the key is taken, which is left untouched.
 * @throws what the SDK throws, HoldfastError `refused` where the server does not encrypt as asked, what the body throws.
 */
export async function putObject(
  bucket: Bucket,
  key: string,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<Stored | undefined> {
  const order: Order = { bucket, key, id: randomId(), options }
  options.signal?.throwIfAborted()
  const { partSize = defaultPartSize } = options
  if (body instanceof Uint8Array && body.length <= partSize) return putWhole(order, body)
  const memory = new PartMemory(partSize)
  const parts = partsOf(body instanceof Uint8Array ? [body] : body, memory)
  const { value: first } = await parts.next()
  if (first === undefined) throw new Error('a body has at least one part')
  options.signal?.throwIfAborted()
  if (first.last) return putWhole(order, first.part)
  return new PartedUpload(order, memory).run(first.part, parts)
}

async function putWhole(order: Order, body: Uint8Array): Promise<Stored | undefined> {
  const { bucket, key, options } = order
  const checksum = options.digests?.[0] ?? (await partDigest(body))
  options.approve?.({ size: body.length, checksum })
  for (let conflicts = 0; ; conflicts++) {
    try {
      const answer = await bucket.client.send(
        new PutObjectCommand({
          ...objectHeaders(order),
          ...condition(options),
          Body: body,
          ContentLength: body.length,
          ChecksumSHA256: checksum,
        }),
        sendOptions(asStorageOptions(options)),
      )
      await requireStoredEncrypted(bucket, key, answer)
      requireChecksum(key, checksum, answer.ChecksumSHA256)
      return { size: body.length, checksum }
    } catch (error) {
      options.signal?.throwIfAborted()
      const found = await whatIsThere(order, error)
      if (found === 'ours') return { size: body.length, checksum }
      if (found === 'taken') return undefined
      if (conflicts === conflictLimit) throw error
      await delay(50 * 2 ** conflicts * Math.random())
    }
  }
}

/** Asks after a refusal what the key holds: our own object, where an answer was lost; another one; or nothing, so that it can be tried again. */
async function whatIsThere({ bucket, key, id }: Order, error: unknown): Promise<'ours' | 'taken' | 'nothing'> {
  const isRefusal = statusOf(error) === 412 || answered(error, 'PreconditionFailed')
  const isConflict = statusOf(error) === 409 && answered(error, 'ConditionalRequestConflict', 'OperationAborted')
  const isLost = answered(error, 'NoSuchUpload')
  if (!isRefusal && !isConflict && !isLost) throw error
  const found = await headObject(bucket, key)
  if (found?.Metadata?.[putIdName] === id) return 'ours'
  if (found !== undefined && !isLost) return 'taken'
  if (isLost) throw error
  return 'nothing'
}

/** An upload in parts, which is given up on any failure so that nothing of it stays. */
class PartedUpload {
  readonly #order: Order
  readonly #memory: PartMemory
  readonly #stop = new AbortController()
  readonly #parts: { PartNumber: number; ETag: string; ChecksumSHA256: string }[] = []
  #size = 0
  #uploadId = ''

  constructor(order: Order, memory: PartMemory) {
    this.#order = order
    this.#memory = memory
  }

  async run(first: Buffer, rest: AsyncIterable<{ part: Buffer }>): Promise<Stored | undefined> {
    const { bucket, options } = this.#order
    const answer = await bucket.client.send(
      new CreateMultipartUploadCommand({ ...objectHeaders(this.#order), ChecksumAlgorithm: 'SHA256' }),
      sendOptions(asStorageOptions(options)),
    )
    this.#uploadId = required(answer.UploadId, 'an id of the upload')
    const underWay: Promise<void>[] = []
    try {
      await this.#begin(underWay, first)
      for await (const { part } of rest) {
        this.#stop.signal.throwIfAborted()
        options.signal?.throwIfAborted()
        await this.#begin(underWay, part)
      }
      await Promise.all(underWay)
      options.signal?.throwIfAborted()
      return await this.#complete()
    } catch (error) {
      this.#stop.abort(error)
      await Promise.allSettled(underWay)
      await this.#giveUp()
      throw options.signal?.aborted ? options.signal.reason : this.#stop.signal.reason
    }
  }

  /** Resolves when the part is on its way, so that no more parts are in memory than may be. */
  async #begin(underWay: Promise<void>[], part: Buffer): Promise<void> {
    const number = underWay.length + 1
    this.#size += part.length
    const started = Promise.withResolvers<void>()
    const upload = this.#order.bucket.uploads(async () => {
      started.resolve()
      await this.#upload(number, part)
    })
    upload.catch((error: unknown) => this.#stop.abort(error))
    underWay.push(upload)
    await started.promise
  }

  async #upload(number: number, part: Buffer): Promise<void> {
    const { bucket, key, options } = this.#order
    this.#stop.signal.throwIfAborted()
    const checksum = options.digests?.[number - 1] ?? (await partDigest(part))
    const answer = await bucket.client.send(
      new UploadPartCommand({
        ...this.#target,
        PartNumber: number,
        Body: part,
        ContentLength: part.length,
        ChecksumSHA256: checksum,
      }),
      sendOptions({ signal: this.#signal }),
    )
    // Some servers confirm it here and not where the upload begins.
    requireEncryption(bucket, key, answer)
    requireChecksum(key, checksum, answer.ChecksumSHA256)
    this.#parts[number - 1] = { PartNumber: number, ETag: required(answer.ETag, 'an ETag'), ChecksumSHA256: checksum }
    this.#memory.giveBack(part)
  }

  async #complete(): Promise<Stored | undefined> {
    const { bucket, key, options } = this.#order
    const checksum = compositeDigest(this.#parts.map(({ ChecksumSHA256 }) => ChecksumSHA256))
    options.approve?.({ size: this.#size, checksum })
    for (let conflicts = 0; ; conflicts++) {
      try {
        const answer = await bucket.client.send(
          new CompleteMultipartUploadCommand({
            ...this.#target,
            ...condition(options),
            MultipartUpload: { Parts: this.#parts },
          }),
          sendOptions({ signal: this.#signal }),
        )
        requireChecksum(key, checksum, answer.ChecksumSHA256)
        return { size: this.#size, checksum }
      } catch (error) {
        options.signal?.throwIfAborted()
        const found = await whatIsThere(this.#order, error)
        if (found === 'ours') return { size: this.#size, checksum }
        if (found === 'taken') {
          await this.#giveUp()
          return undefined
        }
        if (conflicts === conflictLimit) throw error
        await delay(50 * 2 ** conflicts * Math.random())
      }
    }
  }

  /** Where even this fails, the rule of the bucket's lifecycle for unfinished uploads removes the parts. */
  async #giveUp(): Promise<void> {
    const { client } = this.#order.bucket
    await client
      .send(new AbortMultipartUploadCommand(this.#target), { abortSignal: AbortSignal.timeout(abortTime) })
      .catch(() => {})
  }

  get #target(): { Bucket: string; Key: string; UploadId: string } {
    return { Bucket: this.#order.bucket.name, Key: this.#order.key, UploadId: this.#uploadId }
  }

  get #signal(): AbortSignal {
    const { signal } = this.#order.options
    return signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal])
  }
}

function objectHeaders({ bucket, key, id, options }: Order) {
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

function condition({ onlyNew }: PutOptions): { IfNoneMatch?: string } {
  return onlyNew ? { IfNoneMatch: '*' } : {}
}

function asStorageOptions({ signal }: PutOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}

/** @throws HoldfastError `integrity` where the server tells another checksum than was sent; some tell none. */
function requireChecksum(key: string, expected: string, found: string | undefined): void {
  if (found === undefined || found === expected) return
  throw new HoldfastError('integrity', `the server stored ${key} with SHA-256 ${found}, expected ${expected}`, {
    hint: 'something on the way or the server itself changes data: check proxies and the server',
  })
}

function required(value: string | undefined, what: string): string {
  if (value !== undefined && value !== '') return value
  throw new HoldfastError('repository', `the server answered without ${what}`, {
    hint: 'use a server that speaks the S3 protocol',
  })
}
