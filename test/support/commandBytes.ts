import type { PropertyBlock } from '../../src/txlog/commands/propertyBlock.ts'
import { propertyValue } from '../../src/txlog/commands/propertyValue.ts'
import { startBytes, transactionBytes } from './logBytes.ts'

/** A number and in how many bits it stands. */
export type Bits = readonly [value: number | bigint, width: number]

const inUse = 1
export const ownedByNode = 0x40
export const ownedByRelationship = 0x80

/** A property as a record holds it: its words, and the bytes of its value records. */
export interface BlockSpec {
  words: Buffer
  records?: readonly Uint8Array[]
}

/** The words of a property: key, type, and then bits, the lowest first; whole words, as many as `size` bytes where given. */
export function block(key: number, type: number, bits: readonly Bits[] = [], size?: number): BlockSpec {
  let stream = 0n
  let at = 0
  for (const [value, width] of [[key, 24], [type, 4], ...bits] as Bits[]) {
    stream |= BigInt.asUintN(width, BigInt(value)) << BigInt(at)
    at += width
  }
  const words = Buffer.alloc(size ?? Math.ceil(at / 64) * 8)
  for (let index = 0; index < words.length; index++) words[index] = Number((stream >> BigInt(index * 8)) & 0xffn)
  return { words }
}

/** A property with a whole number below 2^35. */
export function numberBlock(key: number, value: number): BlockSpec {
  return block(key, 6, [
    [1, 1],
    [value, 35],
  ])
}

/** A property whose value is in records of its own, the first of which is number `record`; without bytes it is left out. */
export function recordedBlock(key: number, type: 9 | 10, record: number, value?: Uint8Array): BlockSpec {
  return { ...block(key, type, [[record, 36]]), ...(value && { records: [value] }) }
}

/** A list of value records. */
export function recordList(records: readonly Uint8Array[] = [], firstId = 1): Buffer {
  const list = records.map((bytes, index) =>
    Buffer.concat([int64(firstId + index), int32(9), Buffer.from([inUse]), int32(bytes.length), int64(-1), bytes]),
  )
  return Buffer.concat([int32(records.length), ...list])
}

/** The image of a property record. */
export function propertyImage(owner: { flags: number; id: number }, blocks: readonly BlockSpec[], flags = inUse): Buffer {
  return Buffer.concat([
    Buffer.from([flags | owner.flags]),
    int64(-1),
    int64(-1),
    int64(owner.id),
    Buffer.from([blocks.length]),
    ...blocks.flatMap(({ words, records }) => [Buffer.from([words.length]), words, recordList(records)]),
    recordList(),
  ])
}

/** The image of a node's record; with `recorded`, its labels are in records of their own, left out where it is empty. */
export function nodeImage(labelField: bigint, recorded: readonly Uint8Array[] = [], flags = inUse): Buffer {
  if ((flags & inUse) === 0) return Buffer.concat([Buffer.from([flags]), recordList()])
  return Buffer.concat([Buffer.from([flags, 0]), int64(-1), int64(-1), int64(labelField), recordList(recorded)])
}

/** The image of a relationship's record. */
export function relationshipImage(start: number, end: number, type: number, previous = -1): Buffer {
  const chains = [previous, -1, -1, -1].map(int64)
  return Buffer.concat([Buffer.from([inUse]), int64(start), int64(end), int32(type), ...chains, int64(-1), Buffer.from([0])])
}

/** A COMMAND entry. */
export function command(type: number, id: number, ...images: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([33, 3, type]), int64(id), ...images])
}

/** A transaction of these COMMAND entries, and where the first of them is. */
export function transactionOf(...commands: readonly Uint8Array[]): { bytes: Buffer; first: number } {
  return { bytes: transactionBytes({ id: 7, body: Buffer.concat(commands) }), first: startBytes({ id: 7 }).length }
}

/** A signed number of 32 bits. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

/** A signed number of 64 bits. */
export function int64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  return bytes
}

/** A property as the decoder hands it out, at some place in a larger buffer. */
export function decodedBlock({ words, records = [] }: BlockSpec): PropertyBlock {
  const bytes = Buffer.concat([Buffer.from('before'), words, Buffer.from('behind')])
  const key = words.readUIntLE(0, 3)
  return { key, type: words[3]! & 15, bytes, at: 6, size: words.length, records: records.map((part) => Buffer.from(part)) }
}

/** What the decoder makes of the words of a property. */
export function valueOf(type: number, bits: readonly Bits[], size?: number) {
  return propertyValue(decodedBlock(block(5, type, bits, size)))
}

/** A double as the bits it is stored in. */
export function doubleBits(value: number): bigint {
  return Buffer.from(new Float64Array([value]).buffer).readBigUInt64LE()
}
