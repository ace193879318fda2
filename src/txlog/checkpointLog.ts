import { HoldfastError } from '../core/errors.ts'
import { readCheckpoint } from './checkpointRecord.ts'
import type { Checkpoint, NotCheckpoint } from './checkpointRecord.ts'
import { indexOfNonZero } from './crc32c.ts'
import { unknownKernelVersion } from './kernelVersions.ts'
import { logHeaderLength, readLogFileHeader } from './logFileHeader.ts'
import type { LogFileHeader } from './logFileHeader.ts'

/** Bytes of a checkpoint file, at most: Neo4j begins another at 1 MiB, so a much larger one is not what it seems, and slow to read. */
export const largestCheckpointFile = 8 << 20

/** One file of the checkpoint log. */
export interface CheckpointLog {
  /** Undefined while Neo4j has not written it. */
  header: LogFileHeader | undefined
  checkpoints: Checkpoint[]
  /** The newest whole checkpoint of this file; recovery starts from the newest of all files. */
  last: Checkpoint | undefined
  /** What follows the last checkpoint when that is neither nothing nor zeros: a record that is being written, or was when the server died. */
  torn: { offset: number; expected: string; found: string } | undefined
}

/**
 * Reads the bytes of the checkpoint log file named `file`. A torn last record is left out.
 * @throws {HoldfastError} `integrity` when a record is damaged that whole records follow, `failed` for a log or store format or a kernel
 * version that is not known.
 */
export function readCheckpointLog(bytes: Uint8Array, file: string): CheckpointLog {
  const log: CheckpointLog = { header: readLogFileHeader(bytes, file), checkpoints: [], last: undefined, torn: undefined }
  if (!log.header) return log
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let offset = logHeaderLength
  while (offset < buffer.length) {
    const next = readCheckpoint(buffer, offset, file)
    if ('found' in next) {
      if (indexOfNonZero(buffer, offset) < 0) break
      requireNothingLater(buffer, offset, next, file)
      if (next.unknownVersion !== undefined) throw unknownKernelVersion(next.unknownVersion, `${file} at offset ${offset}`)
      log.torn = { offset, expected: next.expected, found: next.found }
      break
    }
    log.checkpoints.push(next)
    log.last = next
    offset = next.end
  }
  return log
}

function requireNothingLater(buffer: Buffer, offset: number, { expected, found }: NotCheckpoint, file: string): void {
  for (let at = offset + 1; at < buffer.length; at++) {
    if ('found' in readCheckpoint(buffer, at, file)) continue
    throw new HoldfastError('integrity', `${file}: damaged at offset ${offset}: expected ${expected}, found ${found}`, {
      hint: `A whole checkpoint follows at offset ${at}, so this is not one that was cut off. Start from a file that is whole, such as one in a backup.`,
    })
  }
}
