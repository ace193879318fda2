import { readBits } from './bitStream.ts'
import { blockTypes } from './propertyBlock.ts'

/** Numbers, each `width` bits of a stream, that have yet to be given a meaning. */
export interface NumberArray {
  /** The type of the elements, from boolean to double in {@link blockTypes}. */
  type: number
  width: number
  count: number
  bits: (index: number) => bigint
}

/** A type, how many bits of the last byte are used, and the width. */
const headerLength = 3

/** Reads the numbers that begin at `from` and go on to the end; undefined where there are none. */
export function readNumberArray(bytes: Buffer, from = 0): NumberArray | undefined {
  if (bytes.length < from + headerLength) return undefined
  const type = bytes[from]!
  const used = bytes[from + 1]!
  const width = bytes[from + 2]!
  if (type < blockTypes.boolean || type > blockTypes.double || width > 64 || used > 8) return undefined
  const at = from + headerLength
  const available = Math.max(0, (bytes.length - at) * 8 - (8 - used))
  return numbersAt(bytes, { type, width, at, from: 0, count: width === 0 ? 0 : Math.floor(available / width) })
}

/** The `count` numbers from bit `from` on of the stream that begins at byte `at`. */
export function numbersAt(
  bytes: Buffer,
  { type, width, at, from, count }: Omit<NumberArray, 'bits'> & { at: number; from: number },
): NumberArray {
  return { type, width, count, bits: (index) => readBits(bytes, at, from + index * width, width) }
}

/** The unsigned integers of an array of long numbers; undefined where the bytes are none. */
export function readIntegers(bytes: Buffer): bigint[] | undefined {
  const numbers = readNumberArray(bytes)
  if (numbers?.type !== blockTypes.long) return undefined
  return Array.from({ length: numbers.count }, (_, index) => numbers.bits(index))
}
