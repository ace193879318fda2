import { readFewBits } from './bitStream.ts'
import type { Scalar } from './graphValue.ts'

/** The kinds of geometry; there is one. */
export const pointTypes = { point: 1 } as const

/** Reads a point from the words of a property; undefined when they hold none. */
export function readPoint(bytes: Buffer, at: number, size: number): Scalar | undefined {
  const dimension = readFewBits(bytes, at, 32, 4)
  if (readFewBits(bytes, at, 28, 4) !== pointTypes.point || size < 8 + dimension * 8) return undefined
  // The number is enough: the table that it is in, four bits before it, follows from it.
  const srid = readFewBits(bytes, at, 40, 16)
  const coordinates = Array.from({ length: dimension }, (_, axis) => bytes.readDoubleLE(at + 8 + axis * 8))
  return { type: 'point', value: { srid, coordinates } }
}
