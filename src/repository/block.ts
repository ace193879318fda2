import { hash } from 'node:crypto'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { promisify } from 'node:util'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Bytes of plaintext per block, unless a backup chooses otherwise; see docs/decisions. */
export const defaultBlockSize = 128 * 1024
/** The limit of the format, in bytes: a length fits 24 bits. */
export const largestBlock = 8 * 1024 * 1024

/** How a block is stored; the numbers are those in block tables. */
export const encodings = { raw: 0, zstd: 1, zero: 2 } as const
export type Encoding = (typeof encodings)[keyof typeof encodings]

export const digestLength = 32

/** The id of a block: SHA-256 of its plaintext. */
export function blockId(plain: Uint8Array): Buffer {
  return hash('sha256', plain, 'buffer')
}

/** Compresses a block where that makes it smaller. */
export async function encodeBlock(plain: Buffer): Promise<{ encoding: Encoding; data: Buffer }> {
  // With room for the whole result at once there is one visit to the thread pool per block instead of one per 16 KiB.
  const data = await compress(plain, {
    chunkSize: plain.length + (plain.length >> 7) + 1024,
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  })
  return data.length < plain.length ? { encoding: encodings.zstd, data } : { encoding: encodings.raw, data: plain }
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
