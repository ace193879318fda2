import { crc32c as nativeCrc32c } from '@node-rs/crc32'

/** Below this many bytes the loop in JavaScript beats the call into native code (measured: 300 ns a call, 1.5 ns a byte). */
const nativeFrom = 256

const tables = buildTables()

const zeros = Buffer.alloc(65_536)

/** The CRC-32C of `bytes` from `from` to `to`, continued from `previous`, as an unsigned number. */
export function crc32c(bytes: Buffer, from: number, to: number, previous = 0): number {
  if (to - from >= nativeFrom) return nativeCrc32c(bytes.subarray(from, to), previous)
  let crc = ~previous
  let at = from
  for (; at + 8 <= to; at += 8) {
    crc =
      tables[0x700 + ((crc ^ bytes[at]!) & 0xff)]! ^
      tables[0x600 + (((crc >>> 8) ^ bytes[at + 1]!) & 0xff)]! ^
      tables[0x500 + (((crc >>> 16) ^ bytes[at + 2]!) & 0xff)]! ^
      tables[0x400 + ((crc >>> 24) ^ bytes[at + 3]!)]! ^
      tables[0x300 + bytes[at + 4]!]! ^
      tables[0x200 + bytes[at + 5]!]! ^
      tables[0x100 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}

/** The CRC-32C of `count` zero bytes, continued from `previous`. */
export function crc32cOfZeros(count: number, previous: number): number {
  let crc = previous
  for (let left = count; left > 0; left -= zeros.length) crc = crc32c(zeros, 0, Math.min(left, zeros.length), crc)
  return crc
}

/** The index of the first byte of `bytes` at or after `from` that is not zero; -1 when there is none. */
export function indexOfNonZero(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length)
    if (!part.equals(zeros.subarray(0, part.length))) return at + part.findIndex((byte) => byte !== 0)
  }
  return -1
}

/** Eight tables of 256 entries: the k-th says what a byte does to the checksum when k more bytes follow it. */
function buildTables(): Int32Array {
  const result = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    result[byte] = crc
  }
  for (let at = 256; at < result.length; at++) {
    const before = result[at - 256]!
    result[at] = (before >>> 8) ^ result[before & 0xff]!
  }
  return result
}
