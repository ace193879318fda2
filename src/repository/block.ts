/** Bytes of plaintext per block, unless a backup chooses otherwise; see docs/decisions. */
export const defaultBlockSize = 256 * 1024
/** The limit of the format, in bytes: a length fits 24 bits. */
export const largestBlock = 8 * 1024 * 1024

/**
 * How a block is stored; the numbers are those in block tables. A `difference` is the zstd frame of the block XOR another one
 * of the same length, its base, which is stored as `raw` or `zstd`.
 */
export const encodings = { raw: 0, zstd: 1, zero: 2, difference: 3 } as const
export type Encoding = (typeof encodings)[keyof typeof encodings]

export const digestLength = 32

const zeros = Buffer.alloc(64 * 1024)

/** Whether a block holds nothing but zero bytes. */
export function isZero(plain: Buffer): boolean {
  for (let position = 0; position < plain.length; position += zeros.length) {
    const part = plain.subarray(position, position + zeros.length)
    if (!part.equals(part.length === zeros.length ? zeros : zeros.subarray(0, part.length))) return false
  }
  return true
}

/** The bytes in which two blocks of the same length differ: zero where they are equal. XOR once more with either gives the other. */
export function difference(one: Buffer, other: Buffer): Buffer {
  const result = Buffer.allocUnsafeSlow(one.length)
  const words = Math.floor(one.length / 4)
  const [a, b] = [aligned(one), aligned(other)]
  const [left, right] = [new Uint32Array(a.buffer, a.byteOffset, words), new Uint32Array(b.buffer, b.byteOffset, words)]
  const both = new Uint32Array(result.buffer, 0, words)
  for (let word = 0; word < words; word++) both[word] = left[word]! ^ right[word]!
  for (let at = words * 4; at < one.length; at++) result[at] = one[at]! ^ other[at]!
  return result
}

/** A view of four bytes at a time must begin at a multiple of four. */
function aligned(block: Buffer): Buffer {
  if (block.byteOffset % 4 === 0) return block
  const copy = Buffer.allocUnsafeSlow(block.length)
  block.copy(copy)
  return copy
}
