import { latestTime } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'

/** The length of a store id in log files, in bytes: its fields, then zeros. */
export const storeIdLength = 64

/** The identity of a store, written into each of its log files. */
export interface StoreId {
  /** Milliseconds since 1970. */
  creationTime: number
  /** A signed 64-bit number in decimal, so that it survives JSON. */
  random: string
  /** The storage engine; always `record`. */
  engine: string
  /** The format family: `aligned`, or the older `standard`, which writes the same log. */
  family: string
  majorVersion: number
  minorVersion: number
}

const families = ['aligned', 'standard']

/**
 * Reads the store id (big-endian in every kind of log file) that begins at `offset`.
 * @throws {HoldfastError} `failed` when the store's format is not one that Holdfast knows, `integrity` when the bytes are no store id.
 */
export function readStoreId(bytes: Uint8Array, offset: number, place: string): StoreId {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + offset, storeIdLength)
  const kind = buffer[0]
  if (kind !== 1) throw damaged(place, 'a store id that begins with 1', `${kind}`)
  const engine = readName(buffer, 17, place)
  const family = readName(buffer, engine.end, place)
  const creationTime = Number(buffer.readBigInt64BE(1))
  if (!(Math.abs(creationTime) <= latestTime)) throw damaged(place, 'a creation time', `${creationTime}`)
  if (family.end + 2 > storeIdLength) throw damaged(place, `a store id of at most ${storeIdLength} bytes`, 'a longer one')
  const storeId: StoreId = {
    creationTime,
    random: buffer.readBigInt64BE(9).toString(),
    engine: engine.name,
    family: family.name,
    majorVersion: buffer.readUInt8(family.end),
    minorVersion: buffer.readUInt8(family.end + 1),
  }
  if (storeId.engine !== 'record' || !families.includes(storeId.family)) {
    throw new HoldfastError('failed', `${place}: unsupported store format ${formatName(storeId)}`, {
      hint: `Holdfast knows the record formats ${families.join(' and ')}, which are those of Neo4j Community.`,
    })
  }
  return storeId
}

/** Whether two store ids name the same store; the format's version may differ, as a store can be upgraded in place. */
export function sameStore(a: StoreId, b: StoreId): boolean {
  return a.creationTime === b.creationTime && a.random === b.random
}

/** A store id for people: `record-aligned-1.1 created 2026-11-22T10:40:36.765Z (-8489561466362629953)`. */
export function describeStoreId(storeId: StoreId): string {
  return `${formatName(storeId)} created ${new Date(storeId.creationTime).toISOString()} (${storeId.random})`
}

function formatName({ engine, family, majorVersion, minorVersion }: StoreId): string {
  return `${engine}-${family}-${majorVersion}.${minorVersion}`
}

function readName(buffer: Buffer, offset: number, place: string): { name: string; end: number } {
  const end = offset + 1 + (buffer[offset] ?? storeIdLength)
  const name = buffer.toString('latin1', offset + 1, end)
  if (end > storeIdLength || !/^[\w-]+$/.test(name)) throw damaged(place, 'the name of a store format', JSON.stringify(name))
  return { name, end }
}

function damaged(place: string, expected: string, found: string): HoldfastError {
  return new HoldfastError('integrity', `${place}: the store id is damaged: expected ${expected}, found ${found}`, {
    hint: 'The file is not a transaction log of Neo4j 5 or later, or its header is damaged.',
  })
}
