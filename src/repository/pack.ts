import { allBytes } from '../core/allBytes.ts'
import { freeMemory } from '../core/freeMemory.ts'
import { randomId } from '../core/ids.ts'
import type { HoldfastError } from '../core/errors.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { nonceLength } from './encryption.ts'
import { packName } from './names.ts'
import { damage } from './sealed.ts'

const magic = Buffer.from('HFPACK01')
/** Bytes before the first block: eight of magic and version, sixteen of the pack's id. */
export const packHeaderLength = 24
/** A pack is ended once it has this many bytes. */
export const packSize = 32 * 1024 * 1024
/** Bytes that may wait to be stored, and those that go to the storage at a time. */
const waitingLimit = 2 * 1024 * 1024
const chunkSize = 1024 * 1024

function packHeader(id: string): Buffer {
  return Buffer.concat([magic, Buffer.from(id, 'hex')])
}

/** @returns what is wrong with the start of a stored pack, if anything is. */
export async function checkPackHeader(
  { storage }: Access,
  id: string,
  options: StorageOptions = {},
): Promise<HoldfastError | undefined> {
  const name = packName(id)
  const range = { offset: 0, length: packHeaderLength }
  const found = (await allBytes(storage.get(name, { ...options, range }))).toString('hex')
  const expected = packHeader(id).toString('hex')
  return found === expected ? undefined : damage(name, storage.location, `it to start with ${expected}`, found)
}

/** Blocks of one pack have one key and differ in their place, so the place is the nonce. */
export function blockNonce(offset: number): Buffer {
  const nonce = Buffer.alloc(nonceLength)
  nonce.writeUInt32BE(offset, nonceLength - 4)
  return nonce
}

/** A pack while it is written: blocks are copied in at one end, the storage takes them out in large chunks at the other, little lies between. */
export class PackWriter {
  readonly id = randomId()
  /** Resolves when the pack is stored whole. */
  readonly stored: Promise<void>
  #size = 0
  #chunk: Buffer | undefined
  #filled = 0
  readonly #spare: Buffer[] = []
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #ended = false
  #failure: { reason: unknown } | undefined
  #wake = Promise.withResolvers<void>()
  #room = Promise.withResolvers<void>()

  constructor(storage: Storage) {
    this.append(packHeader(this.id))
    this.stored = storage.put(packName(this.id), this.#body())
    this.stored.catch((error: unknown) => this.fail(error))
  }

  /** Bytes so far, which is the offset of the next block. */
  get size(): number {
    return this.#size
  }

  append(block: Buffer): void {
    this.#size += block.length
    for (let copied = 0; copied < block.length;) {
      this.#chunk ??= this.#spare.pop() ?? Buffer.allocUnsafeSlow(chunkSize)
      const length = block.copy(this.#chunk, this.#filled, copied)
      copied += length
      this.#filled += length
      if (this.#filled === chunkSize) this.#release()
    }
  }

  /** Lets the storage have the chunk. */
  #release(): void {
    if (this.#chunk) this.#waiting.push(this.#chunk.subarray(0, this.#filled))
    this.#waitingBytes += this.#filled
    this.#chunk = undefined
    this.#filled = 0
    this.#wake.resolve()
  }

  /** Resolves once little enough waits to be stored. @throws what made the pack fail. */
  async room(): Promise<void> {
    while (this.#waitingBytes > waitingLimit && !this.#failure) await this.#room.promise
    if (this.#failure) throw this.#failure.reason
  }

  /** No more blocks come; `stored` tells when the pack is safe. */
  end(): void {
    this.#release()
    this.#ended = true
    this.#wake.resolve()
  }

  /** Gives the pack up; the storage keeps nothing of one that was not ended. */
  fail(reason: unknown): void {
    this.#failure ??= { reason }
    this.#wake.resolve()
    this.#room.resolve()
  }

  async *#body(): AsyncGenerator<Buffer> {
    for (;;) {
      if (this.#failure) throw this.#failure.reason
      const chunk = this.#waiting.shift()
      if (chunk) {
        yield chunk
        this.#waitingBytes -= chunk.length
        this.#spare.push(Buffer.from(chunk.buffer))
        this.#room.resolve()
        this.#room = Promise.withResolvers()
      } else if (this.#ended) {
        for (const spare of this.#spare) freeMemory(spare)
        return
      } else {
        this.#wake = Promise.withResolvers()
        await this.#wake.promise
      }
    }
  }
}
