import { readFewBits } from './bitStream.ts'
import { type NumberArray, numbersAt, readIntegers, readNumberArray } from './numberArray.ts'
import { pointTypes } from './point.ts'
import { blockTypes } from './propertyBlock.ts'
import { integerOf, type ListValue, type PropertyValue, type Scalar, toDouble, toFloat } from './graphValue.ts'
import { readTemporalArray } from './temporalArray.ts'

/** Behind the key, the type, the elements' type, the count and the width. */
const firstShortBit = 44

/** Reads an array of numbers or booleans that is packed into the words of a property; undefined when they hold none. */
export function readShortArray(bytes: Buffer, at: number, size: number): PropertyValue | undefined {
  const type = readFewBits(bytes, at, 28, 4)
  const count = readFewBits(bytes, at, 32, 6)
  const width = readFewBits(bytes, at, 38, 6) || 64
  if (type < blockTypes.boolean || type > blockTypes.double || firstShortBit + count * width > size * 8) return undefined
  return numbersValue(numbersAt(bytes, { type, width, at, from: firstShortBit, count }))
}

/** Reads an array from the bytes of its records; undefined when they hold none. */
export function readArray(bytes: Buffer): PropertyValue | undefined {
  switch (bytes[0]) {
    case blockTypes.string:
      return readStrings(bytes)
    case blockTypes.point:
      return readPoints(bytes)
    case blockTypes.temporal: {
      const numbers = readIntegers(bytes.subarray(2))
      return numbers && readTemporalArray(bytes[1]!, numbers)
    }
    default: {
      const numbers = readNumberArray(bytes)
      return numbers && numbersValue(numbers)
    }
  }
}

function numbersValue({ type, width, count, bits }: NumberArray): PropertyValue {
  if (type === blockTypes.byte) {
    const value = Buffer.alloc(count)
    for (let index = 0; index < count; index++) value[index] = Number(bits(index)) & 0xff
    return { type: 'bytes', value }
  }
  const list = (of: Scalar['type'], make: (bits: bigint) => Scalar['value']): ListValue => ({
    type: 'list',
    of,
    value: Array.from({ length: count }, (_, index) => make(bits(index))),
  })
  if (type === blockTypes.boolean) return list('boolean', (bit) => bit === 1n)
  if (type === blockTypes.char) return list('string', (code) => String.fromCharCode(Number(code)))
  if (type === blockTypes.float) return list('float', (all) => toFloat(Number(all)))
  if (type === blockTypes.double) return list('float', toDouble)
  // A number that needs fewer bits than its type has is not negative.
  return list('integer', width === 64 ? (all) => BigInt.asIntN(64, all) : (all) => integerOf(all, type))
}

function readStrings(bytes: Buffer): ListValue | undefined {
  if (bytes.length < 5) return undefined
  const count = bytes.readInt32BE(1)
  if (count < 0 || count * 4 > bytes.length - 5) return undefined
  const value: string[] = []
  let at = 5
  for (let index = 0; index < count; index++) {
    if (bytes.length - at < 4) return undefined
    const length = bytes.readInt32BE(at)
    at += 4
    if (length < 0 || length > bytes.length - at) return undefined
    value.push(bytes.toString('utf8', at, at + length))
    at += length
  }
  return { type: 'list', of: 'string', value }
}

/** Behind the type, the kind, the dimension, and the table and number of the coordinate system: all coordinates as numbers. */
const pointHeaderLength = 6

function readPoints(bytes: Buffer): ListValue | undefined {
  if (bytes.length < pointHeaderLength || bytes[1] !== pointTypes.point) return undefined
  const dimension = bytes[2]!
  const srid = bytes.readUInt16BE(4)
  const numbers = readNumberArray(bytes, pointHeaderLength)
  if (numbers?.type !== blockTypes.double || dimension === 0) return undefined
  const coordinate = (index: number): number => toDouble(numbers.bits(index))
  const value = Array.from({ length: Math.floor(numbers.count / dimension) }, (_, index) => ({
    srid,
    coordinates: Array.from({ length: dimension }, (_unused, axis) => coordinate(index * dimension + axis)),
  }))
  return { type: 'list', of: 'point', value }
}
