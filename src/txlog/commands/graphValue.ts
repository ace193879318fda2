import { blockTypes } from './propertyBlock.ts'

/** A place in a coordinate system. */
export interface PointValue {
  /** 4326 and 4979 are on the globe, 7203 and 9157 in the plane. */
  srid: number
  coordinates: readonly number[]
}

/** A value that is no list, named as in Cypher. Dates, times and durations are texts in ISO 8601. */
export type Scalar =
  | { type: 'boolean'; value: boolean }
  | { type: 'integer'; value: bigint }
  | { type: 'float'; value: number }
  | { type: 'string'; value: string }
  | { type: TemporalType; value: string }
  | { type: 'point'; value: PointValue }

/** The types of values that are dates, times or spans of time. */
export type TemporalType = 'date' | 'local time' | 'local datetime' | 'time' | 'datetime' | 'duration'

/** A list; all its elements are of one type. */
export interface ListValue {
  type: 'list'
  /** The type of the elements. */
  of: Scalar['type']
  value: readonly Scalar['value'][]
}

/** Bytes that are no value, as far as is known. */
interface UnreadableValue {
  type: 'unreadable'
  /** Why. */
  value: string
}

/** The value of a property. */
export type PropertyValue = Scalar | ListValue | { type: 'bytes'; value: Buffer } | UnreadableValue

/** How many bits a whole number of each type has. */
const integerBits: Readonly<Record<number, number>> = {
  [blockTypes.byte]: 8,
  [blockTypes.short]: 16,
  [blockTypes.int]: 32,
  [blockTypes.long]: 64,
}

/** The signed number that the lowest bits are in a type of whole number. */
export function integerOf(bits: bigint, type: number): bigint {
  return BigInt.asIntN(integerBits[type] ?? 64, bits)
}

const scratch = new DataView(new ArrayBuffer(8))

/** The number whose 32 bits are given. */
export function toFloat(bits: number): number {
  scratch.setUint32(0, bits)
  return scratch.getFloat32(0)
}

/** The number whose 64 bits are given. */
export function toDouble(bits: bigint): number {
  scratch.setBigUint64(0, bits)
  return scratch.getFloat64(0)
}
