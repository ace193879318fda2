import { constants } from 'node:buffer'
import { readArray, readShortArray } from './arrayValue.ts'
import { readBits, readFewBits } from './bitStream.ts'
import { blockTypes, isLeftOut, type PropertyBlock } from './propertyBlock.ts'
import { integerOf, type PropertyValue, toDouble, toFloat } from './graphValue.ts'
import { readShortString } from './shortString.ts'
import { readPoint } from './point.ts'
import { readTemporal } from './temporal.ts'
import { joined } from './valueRecords.ts'

/** Decodes the value of a property; undefined where the command leaves it out because it did not change. */
export function propertyValue(block: PropertyBlock): PropertyValue | undefined {
  if (isLeftOut(block)) return undefined
  return read(block) ?? { type: 'unreadable', value: `a value of type ${block.type} that does not decode` }
}

function read(block: PropertyBlock): PropertyValue | undefined {
  const { type, bytes, at, size, records } = block
  const few = (from: number, width: number): number => readFewBits(bytes, at, from, width)
  switch (type) {
    case blockTypes.boolean:
      return { type: 'boolean', value: few(28, 1) === 1 }
    case blockTypes.byte:
    case blockTypes.short:
    case blockTypes.int:
      return { type: 'integer', value: integerOf(readBits(bytes, at, 28, 32), type) }
    case blockTypes.char:
      return { type: 'string', value: String.fromCharCode(few(28, 16)) }
    case blockTypes.long:
      if (few(28, 1) === 1) return { type: 'integer', value: readBits(bytes, at, 29, 35) }
      return size < 16 ? undefined : { type: 'integer', value: bytes.readBigInt64LE(at + 8) }
    case blockTypes.float:
      return { type: 'float', value: toFloat(few(28, 32)) }
    case blockTypes.double:
      return size < 16 ? undefined : { type: 'float', value: toDouble(bytes.readBigUInt64LE(at + 8)) }
    case blockTypes.string:
      return readLongString(records)
    case blockTypes.array:
      return readArray(joined(records))
    case blockTypes.shortString:
      return readShortString(bytes, at, size)
    case blockTypes.shortArray:
      return readShortArray(bytes, at, size)
    case blockTypes.point:
      return readPoint(bytes, at, size)
    case blockTypes.temporal:
      return readTemporal(bytes, at, size)
    default:
      return undefined
  }
}

function readLongString(records: readonly Buffer[]): PropertyValue {
  const length = records.reduce((sum, part) => sum + part.length, 0)
  // So long a text JavaScript cannot hold.
  if (length > constants.MAX_STRING_LENGTH) return { type: 'unreadable', value: `a text of ${length} bytes` }
  return { type: 'string', value: joined(records).toString('utf8') }
}
