import { subtle } from 'node:crypto'
import { zstdDecompress } from 'node:zlib'
import { promisify } from 'node:util'

const decompress = promisify(zstdDecompress)

/** Bytes of plaintext per block, unless a backup chooses otherwise; see docs/decisions. */
export const defaultBlockSize = 128 * 1024
/** The limit of the format, in bytes: a length fits 24 bits. */
export const largestBlock = 8 * 1024 * 1024

/** How a block is stored; the numbers are those in block tables. */
export const encodings = { raw: 0, zstd: 1, zero: 2 } as const
export type Encoding = (typeof encodings)[keyof typeof encodings]

export const digestLength = 32

/** The id of a block: SHA-256 of its plaintext, computed on the thread pool. */
export async function blockId(plain: Buffer): Promise<Buffer> {
  return Buffer.from(await subtle.digest('SHA-256', plain as Buffer<ArrayBuffer>))
}

/** @returns what is wrong, where it is not a whole zstd frame of exactly `length` bytes. */
export async function decodeBlock(data: Buffer, encoding: Encoding, length: number): Promise<Buffer | string> {
  if (encoding !== encodings.zstd) return data.length === length ? data : `${data.length} bytes`
  try {
    const plain = await decompress(data, { chunkSize: length + 64, maxOutputLength: length })
    return plain.length === length ? plain : `${plain.length} bytes`
  } catch (error) {
    return `no zstd frame of that length (${error instanceof Error ? error.message : String(error)})`
  }
}

const zeros = Buffer.alloc(64 * 1024)

/** Whether a block holds nothing but zero bytes. */
export function isZero(plain: Buffer): boolean {
  for (let position = 0; position < plain.length; position += zeros.length) {
    const part = plain.subarray(position, position + zeros.length)
    if (!part.equals(part.length === zeros.length ? zeros : zeros.subarray(0, part.length))) return false
  }
  return true
}
