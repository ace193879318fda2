import { setTimeout as delay } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { compositeDigest, partDigest } from './digest.ts'
import { requireEncryption, type ToldEncryption } from './encryption.ts'
import type { PartMemory } from './parts.ts'
import { answered, isRefused, isTaken, statusOf } from './failures.ts'
import { condition, conflictLimit, lastWord, objectHeaders, type Order, type Stored, whatIsThere } from './putOrder.ts'
import { sendOptions } from './request.ts'
import { required, requireAsAsked, requireChecksum } from './stored.ts'

/** Milliseconds that an upload in parts has to be given up after a failure. */
const abortTime = 15_000

/**
 * An upload in parts, which is given up on any failure so that nothing of it stays; but not where its end may still be under way: some
 * servers remove the parts then, and tell of an object all the same.
 */
export class PartedUpload {
  readonly #order: Order
  readonly #memory: PartMemory
  readonly #stop = new AbortController()
  readonly #parts: { PartNumber: number; ETag: string; ChecksumSHA256: string }[] = []
  #size = 0
  /** As the answers to the parts confirmed it; not all servers do that at the end. */
  #encryption: ToldEncryption = {}
  #uploadId = ''
  /** Whether the server may be making the object, or has made it. */
  #isEnding = false

  constructor(order: Order, memory: PartMemory) {
    this.#order = order
    this.#memory = memory
  }

  async run(first: Buffer, rest: AsyncIterable<{ part: Buffer }>): Promise<Stored | undefined> {
    const { options } = this.#order
    await this.#open()
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
      if (!this.#isEnding) await this.#giveUp()
      throw options.signal?.aborted ? options.signal.reason : this.#stop.signal.reason
    }
  }

  /** Uploads a part of one byte and gives up: the server tells how it stores parts, and stores nothing. */
  async rehearse(): Promise<void> {
    await this.#open()
    try {
      await this.#upload(1, Buffer.alloc(1))
    } finally {
      await this.#giveUp()
    }
  }

  async #open(): Promise<void> {
    const { bucket, options } = this.#order
    const answer = await bucket.client.send(
      new CreateMultipartUploadCommand({ ...objectHeaders(this.#order), ChecksumAlgorithm: 'SHA256' }),
      sendOptions(options),
    )
    this.#uploadId = required(answer.UploadId, 'an id of the upload')
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
    const { ServerSideEncryption, SSEKMSKeyId } = answer
    this.#encryption = { ServerSideEncryption, SSEKMSKeyId }
    requireChecksum(`got a part of ${key}`, checksum, answer.ChecksumSHA256)
    this.#parts[number - 1] = { PartNumber: number, ETag: required(answer.ETag, 'an ETag'), ChecksumSHA256: checksum }
    this.#memory.giveBack(part)
  }

  async #complete(): Promise<Stored | undefined> {
    const { bucket, options } = this.#order
    const checksum = compositeDigest(this.#parts.map(({ ChecksumSHA256 }) => ChecksumSHA256))
    options.approve?.({ size: this.#size, checksum })
    const input = { ...this.#target, ...condition(options), MultipartUpload: { Parts: this.#parts } }
    for (let conflicts = 0; ; conflicts++) {
      try {
        const answer = await bucket.client.send(new CompleteMultipartUploadCommand(input), sendOptions({ signal: this.#signal }))
        // It is there from here on, whatever a look at it brings.
        bucket.unanswered.add(input)
        const { ServerSideEncryption, SSEKMSKeyId } = this.#encryption
        const told = {
          ...answer,
          ServerSideEncryption: answer.ServerSideEncryption ?? ServerSideEncryption,
          SSEKMSKeyId: answer.SSEKMSKeyId ?? SSEKMSKeyId,
        }
        await requireAsAsked(this.#order, told, checksum)
        return { size: this.#size, checksum, own: this.#order }
      } catch (error) {
        this.#note(input, error)
        options.signal?.throwIfAborted()
        const found = await whatIsThere(this.#order, { input, checksum, error, isInParts: true })
        if (found === 'ours') return { size: this.#size, checksum, own: this.#order }
        if (found === 'taken') {
          // No attempt can end well any more where the server itself says so.
          if (!this.#isEnding || isTaken(error)) await this.#giveUp()
          return undefined
        }
        if (conflicts === conflictLimit) throw lastWord(bucket, { input, error, isInParts: true })
        await delay(50 * 2 ** conflicts * Math.random(), undefined, { signal: options.signal })
      }
    }
  }

  /** Notes what the answer to the end, or that there was none, leaves open. */
  #note(input: object, error: unknown): void {
    const { unanswered } = this.#order.bucket
    const isLeftOpen = statusOf(error) !== undefined && !isRefused(error)
    this.#isEnding = isLeftOpen || unanswered.has(input)
    if (isLeftOpen && !answered(error, 'NoSuchUpload')) unanswered.add(input)
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
