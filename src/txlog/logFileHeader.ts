import { HoldfastError } from '../core/errors.ts'
import { logFormats, supportedVersions } from './kernelVersions.ts'
import { readStoreId } from './storeId.ts'
import type { StoreId } from './storeId.ts'

/** The length in bytes of the header of every log file that Holdfast reads; the first entry follows it. */
export const logHeaderLength = 128

/** The header of a transaction log file or a checkpoint log file. */
export interface LogFileHeader {
  /** 8 or 9. */
  format: number
  /** The N of `neostore.transaction.db.N` or `checkpoint.N`. */
  logVersion: number
  /** The id (in format 9 the append index, which is the same number in Community) of the last transaction before this file. */
  lastIdBefore: number
  storeId: StoreId
}

/**
 * Reads the header (big-endian) at the beginning of a log file named `file`.
 * Undefined when Neo4j has not written it yet: the file is shorter than a header, or begins with zeros because it is preallocated.
 * @throws {HoldfastError} `failed` for a log or store format that is not known, `integrity` when the header makes no sense.
 */
export function readLogFileHeader(bytes: Uint8Array, file: string): LogFileHeader | undefined {
  if (bytes.length < logHeaderLength) return undefined
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, logHeaderLength)
  const first = header.readBigUInt64BE(0)
  if (first === 0n) return undefined
  const format = header.readUInt8(0)
  if (!logFormats.has(format)) {
    throw new HoldfastError('failed', `${file}: unsupported log format ${format}`, {
      hint: `Holdfast reads log formats ${[...logFormats].join(' and ')}, written at kernel versions ${supportedVersions}.`,
    })
  }
  return {
    format,
    logVersion: safe(first & 0xff_ffff_ffff_ffffn, 'a log version', file),
    lastIdBefore: safe(header.readBigInt64BE(format === 8 ? 8 : 16), 'the last transaction before the file', file),
    storeId: readStoreId(header, format === 8 ? 16 : 24, file),
  }
}

function safe(value: bigint, what: string, file: string): number {
  if (value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value)
  throw new HoldfastError('integrity', `${file}: the header is damaged: expected ${what}, found ${value}`, {
    hint: 'Compare the file with a copy in a backup; Neo4j would refuse this log as well.',
  })
}
