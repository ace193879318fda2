import { crc32c } from '@node-rs/crc32'

/** The checksum that the first transaction of a store names as that of the one before it. */
export const baseChecksum = 0xdead5eed

export const sampleStore = { creationTime: 1_700_000_000_123, random: '-77', engine: 'record', family: 'aligned' }

export interface HeaderSpec {
  format?: number
  logVersion?: number
  lastIdBefore?: number
  store?: typeof sampleStore
}

/** The 128 bytes that a log file begins with. */
export function headerBytes({ format = 9, logVersion = 0, lastIdBefore = 1, store = sampleStore }: HeaderSpec = {}): Buffer {
  const bytes = Buffer.alloc(128)
  bytes.writeBigInt64BE(BigInt(logVersion), 0)
  bytes.writeUInt8(format, 0)
  bytes.writeBigInt64BE(BigInt(lastIdBefore), 8)
  let at = 16
  if (format !== 8) at = bytes.writeBigInt64BE(BigInt(lastIdBefore), 16)
  at = bytes.writeUInt8(1, at)
  at = bytes.writeBigInt64BE(BigInt(store.creationTime), at)
  at = bytes.writeBigInt64BE(BigInt(store.random), at)
  for (const name of [store.engine, store.family]) {
    at = bytes.writeUInt8(name.length, at)
    at += bytes.write(name, at, 'latin1')
  }
  bytes.writeUInt8(1, at)
  bytes.writeUInt8(1, at + 1)
  return bytes
}

export interface TransactionSpec {
  id: number
  kernelVersion?: number
  previousChecksum?: number
  /** Its commands. */
  body?: Uint8Array
  /** The additional header of the START entry. */
  header?: Uint8Array
  startTime?: number
  commitTime?: number
  lastCommitted?: number
  appendIndex?: number
}

/** The START entry of a transaction. */
export function startBytes(spec: TransactionSpec): Buffer {
  const { id, kernelVersion = 33, previousChecksum = baseChecksum, header = new Uint8Array() } = spec
  const parts = [Buffer.from([kernelVersion, 1]), int64(spec.startTime ?? 1_700_000_001_000), int64(spec.lastCommitted ?? id - 1)]
  if (kernelVersion < 22) parts.push(uint32(previousChecksum))
  if (kernelVersion >= 17) parts.push(int64(spec.appendIndex ?? id))
  if (kernelVersion >= 30) parts.push(int64(-1))
  return Buffer.concat([...parts, uint32(header.length), header])
}

/** The COMMIT entry that ends a transaction whose other bytes are `before`. */
export function commitBytes(spec: TransactionSpec, before: Uint8Array): Buffer {
  const entry = Buffer.concat([
    Buffer.from([spec.kernelVersion ?? 33, 5]),
    int64(spec.id),
    int64(spec.commitTime ?? 1_700_000_001_005),
  ])
  return Buffer.concat([entry, uint32(crc32c(Buffer.concat([before, entry])))])
}

/** A whole transaction. */
export function transactionBytes(spec: TransactionSpec): Buffer {
  const before = Buffer.concat([startBytes(spec), spec.body ?? Buffer.alloc(0)])
  return Buffer.concat([before, commitBytes(spec, before)])
}

/** Transactions with consecutive ids from `firstId` on, each naming the checksum of the one before. */
export function chainBytes(specs: Omit<TransactionSpec, 'id'>[], firstId = 2, previousChecksum = baseChecksum): Buffer[] {
  const result: Buffer[] = []
  let checksum = previousChecksum
  for (const [index, spec] of specs.entries()) {
    const bytes = transactionBytes({ previousChecksum: checksum, ...spec, id: firstId + index })
    checksum = bytes.readUInt32LE(bytes.length - 4)
    result.push(bytes)
  }
  return result
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
