import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../core/errors.ts'
import { readFully } from '../core/readFully.ts'
import type { LastCheckpoint } from '../neo4j/lastCheckpoint.ts'
import type { LogEnd } from '../txlog/logEnd.ts'
import { type LogFileHeader, logHeaderLength, readLogFileHeader } from '../txlog/logFileHeader.ts'
import type { Transaction } from '../txlog/transaction.ts'
import type { CopyTarget } from './copyTarget.ts'
import { fileBytes, readFrom } from './fileBytes.ts'
import type { HeldLogFiles } from './heldLogFiles.ts'
import { LogContinuity } from './logContinuity.ts'
import { damagedLog, type LogSource, requireTornTail, scanLog } from './logScan.ts'

/** A log file of the slice, up to the end of its last whole transaction. */
interface SliceFile {
  name: string
  handle: FileHandle
  header: LogFileHeader
  /** Bytes. */
  end: number
  before: Transaction | undefined
}

/** The log that makes a copied store consistent. */
export interface LogSlice {
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
export async function findLogSlice(logs: HeldLogFiles, start: LastCheckpoint, directory: string): Promise<LogSlice> {
  const continuity = new LogContinuity(start.checkpoint)
  const files: SliceFile[] = []
  const held = await logs.files()
  for (const [index, { version, handle }] of held.entries()) {
    const newest = index === held.length - 1
    const name = `neostore.transaction.db.${version}`
    const path = join(directory, name)
    const header = readLogFileHeader(await readFully(handle, 0, logHeaderLength), path)
    if (header === undefined) {
      // Neo4j has only just made the file.
      if (newest && files.length > 0) break
      throw new HoldfastError('integrity', `${path} has no header`)
    }
    continuity.enter(header, path)
    const before = continuity.last
    const source: LogSource = {
      path,
      header,
      before,
      read: (offset) => fileBytes(handle, { start: offset }),
      onTransaction: (transaction) => continuity.add(transaction),
    }
    const end = newest ? await scanWhileWritten(source) : await scanRotated(source)
    files.push({ name, handle, header, end: end.end, before })
  }
  continuity.finish(directory)
  return { files, first: continuity.first, last: continuity.last }
}

async function scanWhileWritten(source: LogSource): Promise<LogEnd> {
  let end = await scanLog(source)
  for (let look = 1; look < looks && end.reason !== 'exact' && end.reason !== 'preallocated'; look++) {
    await delay(pause)
    const later = await scanLog(source, end.last)
    end = later.last ? later : { ...later, last: end.last }
  }
  await requireTornTail(source, end)
  return end
}

/** A file that has been rotated out is complete: Neo4j ends it with a transaction. */
async function scanRotated(source: LogSource): Promise<LogEnd> {
  const end = await scanLog(source)
  await requireTornTail(source, end)
  if (end.reason === 'torn') throw damagedLog(source.path, end, 'the log goes on in another file')
  return end
}

/** Copies a slice of log; what is copied is verified once more on its way. */
export async function copyLog({ files }: LogSlice, directory: string, target: CopyTarget): Promise<void> {
  for (const { name, handle, header, end, before } of files) {
    const path = `${directory}/${name}`
    const { mode, uid, gid } = await handle.stat()
    await target.copy({ path, mode, uid, gid }, 'log', readFrom(handle), end)
    const read: LogSource['read'] = (start) => fileBytes(handle, { start, end })
    const again = await scanLog({ path, header, before, read, onTransaction: () => {} })
    if (again.reason !== 'exact')
      throw new HoldfastError('integrity', `${path} changed while it was copied: expected whole transactions up to offset ${end}`)
  }
}
