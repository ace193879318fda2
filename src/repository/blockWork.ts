import { hash, type KeyObject } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { freeMemory, smallestOwnBuffer } from '../core/freeMemory.ts'
import { difference, type Encoding, encodings } from './block.ts'
import { decrypt } from './encryption.ts'

/** The largest part of a block that its difference to another may take to be stored instead, for it ties the block to another. */
const worthwhile = 0.2

/** A block as it is stored, and what it must become. */
export interface StoredForm {
  data: Uint8Array
  encoding: Encoding
  /** Where the repository is encrypted. */
  cipher?: { key: KeyObject; nonce: Uint8Array } | undefined
  /** The plaintext of the block that a difference is to. */
  base?: Uint8Array | undefined
}

/** The SHA-256 of a decoded block, or what is wrong with its stored form. */
export type Decoded = { digest: Uint8Array; problem?: never } | { digest?: never; problem: string; authentic: boolean }

/** What costs processor time about a block. Plain functions over memory that threads can share; `BlockThreads` runs them. */
export const blockWork = {
  /** The id of a block: SHA-256 of its plaintext. */
  identify(plain: Uint8Array): Uint8Array {
    return hash('sha256', plain, 'buffer')
  },

  /** Compresses a block into `room`, which is as long as the block; what would not get smaller stays where it is, as `raw`. */
  encode(plain: Uint8Array, room: Uint8Array, base?: Uint8Array): { encoding: Encoding; length: number } {
    if (base) {
      const length = compress(difference(bufferOf(plain), bufferOf(base)), room, plain.length * worthwhile)
      if (length !== undefined) return { encoding: encodings.difference, length }
    }
    const length = compress(plain, room, plain.length - 1)
    return length === undefined ? { encoding: encodings.raw, length: plain.length } : { encoding: encodings.zstd, length }
  },

  /** Brings a block back to `plain`, which is exactly as long as the block. Whether it is the right one, its digest tells. */
  decode(plain: Uint8Array, { data, encoding, cipher, base }: StoredForm): Decoded {
    const opened = cipher ? decrypt(cipher.key, bufferOf(cipher.nonce), bufferOf(data)) : data
    if (!opened) return { problem: 'one that fails authentication', authentic: false }
    const problem = encoding === encodings.raw ? copy(opened, plain) : decompress(opened, plain)
    if (problem !== undefined) return { problem, authentic: true }
    if (base) plain.set(difference(bufferOf(plain), bufferOf(base)))
    return { digest: blockWork.identify(plain) }
  },
}

/** @returns the length of the zstd frame, or undefined where it is longer than `limit`. */
function compress(plain: Uint8Array, room: Uint8Array, limit: number): number | undefined {
  const frame = zstdCompressSync(plain, {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
    chunkSize: Math.max(smallestOwnBuffer, plain.length),
    pledgedSrcSize: plain.length,
  })
  const { length } = frame
  if (length <= limit) room.set(frame)
  freeMemory(frame)
  return length <= limit ? length : undefined
}

/** @returns what is wrong, where the data is not a whole zstd frame of exactly that length. */
function decompress(data: Uint8Array, plain: Uint8Array): string | undefined {
  try {
    const found = zstdDecompressSync(data, {
      chunkSize: Math.max(smallestOwnBuffer, plain.length + 64),
      maxOutputLength: plain.length,
    })
    const problem = copy(found, plain)
    freeMemory(found)
    return problem
  } catch (error) {
    return `no zstd frame of that length (${error instanceof Error ? error.message : String(error)})`
  }
}

function copy(found: Uint8Array, plain: Uint8Array): string | undefined {
  if (found.length !== plain.length) return `${found.length} bytes`
  plain.set(found)
  return undefined
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
