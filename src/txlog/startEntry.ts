import { latestTime } from '../core/clock.ts'
import { readInt64 } from './int64.ts'
import { kernelVersions } from './kernelVersions.ts'
import type { KernelVersion } from './kernelVersions.ts'

/** The type byte of a START entry, its second byte. */
export const startType = 1

/** The length in bytes of the longest START entry: more is never needed to read one. */
export const longestStart = 64

/** A START entry: the first entry of a transaction. */
export interface StartEntry {
  version: KernelVersion
  /** In bytes. */
  length: number
  /** Milliseconds since 1970; transactions that ran side by side may be out of order. */
  time: number
  /** Id of the last transaction that had been committed when this one started. */
  lastCommitted: number
  /** The checksum of the transaction before, where this version writes it. */
  previousChecksum: number | undefined
  /** Where this version writes it; the same number as the transaction's id. */
  appendIndex: number | undefined
}

/** What bytes are that are no START entry. */
export interface NotStart {
  found: string
  /** Set when the bytes look like an entry of a kernel version that is not known. */
  unknownVersion?: number
}

/** The place of a transaction in the log, with which its START entry must agree. */
export interface Place {
  id: number
  /** The checksum of the transaction before it; undefined when that is not known. */
  previousChecksum: number | undefined
}

const longestHeader = 8

/** Reads the START entry at `at`; `incomplete` when `available` bytes do not suffice to say whether there is one. */
export function readStart(view: DataView, at: number, available: number): StartEntry | NotStart | 'incomplete' {
  if (available < 2) return 'incomplete'
  const byte = view.getUint8(at)
  const type = view.getUint8(at + 1)
  if (type !== startType) return { found: `bytes ${byte} ${type}` }
  if (available < 10) return 'incomplete'
  const time = readInt64(view, at + 2)
  if (!(time >= 0 && time <= latestTime)) return { found: 'a START entry without a plausible time' }
  const version = kernelVersions[byte]
  if (!version) return { found: `an entry of unknown kernel version ${byte}`, unknownVersion: byte }
  const layout = version.start
  if (available < layout.length) return 'incomplete'
  const headerLength = view.getInt32(at + layout.headerLength, true)
  if (headerLength < 0 || headerLength > longestHeader) return { found: `a START entry with a header of ${headerLength} bytes` }
  const length = layout.length + headerLength
  if (available < length) return 'incomplete'
  return {
    version,
    length,
    time,
    lastCommitted: readInt64(view, at + 10),
    previousChecksum: layout.previousChecksum < 0 ? undefined : view.getUint32(at + layout.previousChecksum, true),
    appendIndex: layout.appendIndex < 0 ? undefined : readInt64(view, at + layout.appendIndex),
  }
}

/** What a START entry says that cannot be at this place; undefined when it agrees. */
export function misplacement(start: StartEntry, { id, previousChecksum }: Place): string | undefined {
  if (start.appendIndex !== undefined && start.appendIndex !== id) return `a START entry of append index ${start.appendIndex}`
  if (start.previousChecksum !== undefined && previousChecksum !== undefined && start.previousChecksum !== previousChecksum) {
    return `a START entry after checksum ${start.previousChecksum}`
  }
  if (!(start.lastCommitted >= -1 && start.lastCommitted <= id)) return `a START entry after transaction ${start.lastCommitted}`
  return undefined
}

/** Says in an error what should be at a place. */
export function describePlace({ id, previousChecksum }: Place): string {
  return `the START entry of transaction ${id}${previousChecksum === undefined ? '' : ` after checksum ${previousChecksum}`}`
}
