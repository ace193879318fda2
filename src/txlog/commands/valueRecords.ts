import { type CommandReader } from './commandReader.ts'

/** An id, a type and flags. */
const shortestRecord = 13

const none: readonly Buffer[] = []

/**
 * Reads a list of value records, which a long value, many labels or a name are spread over, and returns the bytes of those in use.
 * Together, in this order, they are the value.
 */
export function readValueRecords(reader: CommandReader): readonly Buffer[] {
  const count = reader.count(shortestRecord)
  if (count === 0) return none
  const parts: Buffer[] = []
  for (let index = 0; index < count; index++) {
    // Its id and what kind of value it belongs to.
    reader.skip(12)
    if ((reader.uint8() & 1) === 0) continue
    const length = reader.count(1)
    // The record that follows, which comes next in the list anyway.
    reader.skip(8)
    reader.skip(length)
    parts.push(reader.bytes.subarray(reader.at - length, reader.at))
  }
  return parts
}

/** The value that some records hold together. */
export function joined(records: readonly Buffer[]): Buffer {
  return records.length === 1 ? records[0]! : Buffer.concat(records)
}
