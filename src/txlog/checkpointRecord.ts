import { crc32c } from './crc32c.ts'
import { readInt64 } from './int64.ts'
import { kernelVersions } from './kernelVersions.ts'
import type { KernelVersion } from './kernelVersions.ts'
import { readStoreId, storeIdLength } from './storeId.ts'
import type { StoreId } from './storeId.ts'

/** The type byte of a checkpoint entry, its second byte. */
const checkpointType = 9

/** A place in the transaction log: an offset in the file `neostore.transaction.db.<logVersion>`. */
export interface LogPosition {
  logVersion: number
  byteOffset: number
}

/** A record of the checkpoint log: up to `position`, the store files hold what the transaction log says. */
export interface Checkpoint {
  /** The kernel version's byte. */
  kernelVersion: number
  /** Offset of the record in its file. */
  offset: number
  /** Offset just behind it. */
  end: number
  /** Just behind the last transaction that the checkpoint covers. */
  position: LogPosition
  /** Where the oldest transaction began that was not complete, where this version writes it; recovery starts at the earlier of the two. */
  oldestNotCompleted: LogPosition | undefined
  /** Milliseconds since 1970. */
  time: number
  storeId: StoreId
  /** The last transaction that the checkpoint covers. */
  transaction: {
    id: number
    /** As in its COMMIT entry. */
    checksum: number
    /** Milliseconds since 1970. */
    commitTime: number
    /** This and the kernel version's byte: where this version writes them. */
    appendIndex: number | undefined
    kernelVersion: number | undefined
  }
  /** Why Neo4j made the checkpoint; cut off where it was too long for the record. */
  reason: string
}

/** What bytes are that are no checkpoint record. */
export interface NotCheckpoint {
  expected: string
  found: string
  /** Set when the bytes look like a record of a kernel version that is not known. */
  unknownVersion?: number
}

/**
 * Reads the checkpoint record at `offset` of a checkpoint log named `file`.
 * @throws {HoldfastError} when its checksum holds but its store id is not one that Holdfast knows.
 */
export function readCheckpoint(bytes: Buffer, offset: number, file: string): Checkpoint | NotCheckpoint {
  const expected = 'a checkpoint record'
  const byte = bytes[offset] ?? 0
  const type = bytes[offset + 1] ?? 0
  if (byte === 0 || type !== checkpointType) return { expected, found: `bytes ${byte} ${type}` }
  const version = kernelVersions[byte]
  if (!version) return { expected, found: `a record of unknown kernel version ${byte}`, unknownVersion: byte }
  const { length } = version.checkpoint
  if (bytes.length - offset < length)
    return { expected: `a checkpoint record of ${length} bytes`, found: `${bytes.length - offset} bytes` }
  const record = bytes.subarray(offset, offset + length)
  const stored = record.readUInt32LE(length - 4)
  const checksum = crc32c(record, 0, length - 4)
  if (checksum !== stored) return { expected: `checksum ${stored} of the checkpoint record`, found: `checksum ${checksum}` }
  return { ...readFields(record, version, `${file} at offset ${offset}`), offset, end: offset + length }
}

/** Where recovery starts from a checkpoint. */
export function recoveryPosition({ position, oldestNotCompleted }: Checkpoint): LogPosition {
  if (!oldestNotCompleted) return position
  const older =
    oldestNotCompleted.logVersion < position.logVersion ||
    (oldestNotCompleted.logVersion === position.logVersion && oldestNotCompleted.byteOffset < position.byteOffset)
  return older ? oldestNotCompleted : position
}

function readFields(record: Buffer, version: KernelVersion, place: string): Omit<Checkpoint, 'offset' | 'end'> {
  const layout = version.checkpoint
  const view = new DataView(record.buffer, record.byteOffset, record.length)
  let at = 2
  const int64 = () => readInt64(view, (at += 8) - 8)
  const position = { logVersion: int64(), byteOffset: int64() }
  const oldestNotCompleted = layout.oldestNotCompleted ? { logVersion: int64(), byteOffset: int64() } : undefined
  const time = int64()
  const storeId = readStoreId(record, at, place)
  at += storeIdLength
  const id = int64()
  const appendIndex = layout.appendIndexes ? int64() : undefined
  const kernelVersion = layout.appendIndexes ? view.getUint8(at++) : undefined
  const checksum = view.getUint32(at, true)
  at += 4
  const commitTime = int64()
  at += 8 * layout.consensusIndexes
  if (layout.appendIndexes) at += 8
  const reasonLength = Math.max(0, view.getInt16(at, true))
  const reason = record.toString('utf8', at + 2, Math.min(at + 2 + reasonLength, record.length - 4))
  return {
    kernelVersion: version.byte,
    position,
    oldestNotCompleted,
    time,
    storeId,
    transaction: { id, checksum, commitTime, appendIndex, kernelVersion },
    reason,
  }
}
