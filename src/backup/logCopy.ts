import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../core/errors.ts'
import { fill, readFully } from '../core/readFully.ts'
import type { LastCheckpoint } from '../neo4j/lastCheckpoint.ts'
import type { FileScan } from '../txlog/logChain.ts'
import type { LogEnd } from '../txlog/logEnd.ts'
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

/** A transaction that is being written while we read looks torn: it is looked at again this often, so many milliseconds apart. */
const looks = 10
const pause = 50

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
    const source: ScannedSource = {
      scan,
      read: (offset) => target.throttled(lentFileBytes(handle, { start: offset })),
      onTransaction: (transaction) => continuity.add(transaction),
      signal: target.signal,
    }
    const scanned = newest
      ? await scanWhileWritten(source)
      : await scanLog(source.read(logHeaderLength), scan, source.onTransaction)
    const ending = { newest, rest: (from: LogEnd) => source.read(from.end), scan: (from: LogEnd) => scanOn(source, from) }
    const end = await endOf(requireLogEnd(path, scanned, ending))
    continuity.end(header, end)
    files.push({ name, handle, scan, end: end.end })
  }
  continuity.finish(directory)
  return { files, first: continuity.first, last: continuity.last }
}

interface ScannedSource {
  scan: FileScan
  /** The bytes of the file from an offset on. */
  read: (offset: number) => AsyncIterable<Uint8Array>
  onTransaction: (transaction: Transaction) => void
  signal: AbortSignal
}

async function scanWhileWritten(source: ScannedSource): Promise<LogEnd> {
  let end = await scanLog(source.read(logHeaderLength), source.scan, source.onTransaction)
  for (let look = 1; look < looks && end.reason !== 'exact' && end.reason !== 'preallocated'; look++) {
    await delay(pause, undefined, { signal: source.signal })
    const later = await endOf(scanOn(source, end))
    end = later.last ? later : { ...later, last: end.last }
  }
  return end
}

function scanOn({ read, onTransaction }: ScannedSource, from: LogEnd): AsyncGenerator<void, LogEnd> {
  return scanPieces(read(from.end), behind(from), onTransaction)
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
