import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../core/errors.ts'
import { fill, readFully } from '../core/readFully.ts'
import type { LastCheckpoint } from '../neo4j/lastCheckpoint.ts'
import type { FileScan } from '../txlog/logChain.ts'
import { logHeaderLength, readLogFileHeader } from '../txlog/logFileHeader.ts'
import type { Transaction } from '../txlog/transaction.ts'
import { TransactionScanner } from '../txlog/transactionScanner.ts'
import type { CopyTarget } from './copyTarget.ts'
import { lentFileBytes } from '../core/fileBytes.ts'
import { logFileName } from '../neo4j/dataDirectory.ts'
import type { HeldLogFiles } from '../neo4j/heldLogFiles.ts'
import { LogContinuity } from '../txlog/logContinuity.ts'
import { behind, endOf, requireLogEnd, scanLog, scanPieces } from '../txlog/logScan.ts'

/** A log file of the slice, up to the end of its last whole transaction. */
interface SliceFile {
  name: string
  handle: FileHandle
  /** How to scan it from behind its header. */
  scan: FileScan
  /** Bytes. */
  end: number
}

/** The log that makes a copied store consistent. */
export interface StoreLog {
  files: SliceFile[]
  /** The first and last whole transaction in it; undefined where it holds none. */
  first: Transaction | undefined
  last: Transaction | undefined
}

/**
 * Reads and verifies the log from the start of the checkpoint's file to its end.
 * @throws HoldfastError `integrity` where the log is damaged, or is not that of the checkpoint.
 */
export async function findLogSlice(
  logs: HeldLogFiles,
  start: LastCheckpoint,
  directory: string,
  target: CopyTarget,
): Promise<StoreLog> {
  const continuity = new LogContinuity(start.checkpoint)
  const files: SliceFile[] = []
  const held = await logs.files()
  for (const [index, { version, handle }] of held.entries()) {
    const newest = index === held.length - 1
    const name = logFileName(version)
    const path = join(directory, name)
    const header = readLogFileHeader(await readFully(handle, 0, logHeaderLength), path)
    if (header === undefined) {
      // Neo4j has only just made the file.
      if (newest && files.length > 0) break
      throw new HoldfastError('integrity', `${path} has no header`, {
        hint: 'Neo4j will not start on this log either; restore the last good backup into another directory',
      })
    }
    const scan = continuity.begin(header, path)
    const read = (start: number): AsyncGenerator<Buffer> => target.throttled(lentFileBytes(handle, { start }))
    const add = (transaction: Transaction): void => continuity.add(transaction)
    const scanned = await scanLog(read(logHeaderLength), scan, add)
    const end = await endOf(
      requireLogEnd(path, scanned, {
        newest,
        rest: (from) => read(from.end),
        scan: (from) => scanPieces(read(from.end), behind(from), add),
        wait: async (milliseconds) => delay(milliseconds, undefined, { signal: target.signal }),
      }),
    )
    continuity.end(header, end)
    files.push({ name, handle, scan, end: end.end })
  }
  continuity.finish(directory)
  return { files, first: continuity.first, last: continuity.last }
}

/** Copies a slice of log; the very bytes that are copied are verified once more. */
export async function copyLog({ files }: StoreLog, directory: string, target: CopyTarget): Promise<void> {
  for (const { name, handle, scan, end } of files) {
    const path = `${directory}/${name}`
    const scanner = new TransactionScanner(scan)
    const ignore = (): void => {}
    const { mode, uid, gid } = await handle.stat()
    const readVerified = async (buffer: Buffer, position: number): Promise<number> => {
      const length = await fill(handle, buffer, position)
      scanner.push(buffer.subarray(Math.min(length, Math.max(0, logHeaderLength - position)), length), ignore)
      return length
    }
    await target.copy({ path, mode, uid, gid }, 'log', readVerified, end)
    const copied = scanner.end(ignore)
    if (copied.reason !== 'exact' || copied.end !== end)
      throw new HoldfastError(
        'integrity',
        `${path} changed while it was copied: expected whole transactions up to offset ${end}, found them up to ${copied.end}`,
        { hint: 'nothing but Neo4j may write there; try again' },
      )
  }
}
