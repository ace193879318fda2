import { HoldfastError } from '../core/errors.ts'
import { unknownKernelVersion } from '../txlog/kernelVersions.ts'
import { LaterTransactionSearch } from '../txlog/laterTransaction.ts'
import type { LogEnd, TornEnd } from '../txlog/logEnd.ts'
import { type LogFileHeader, logHeaderLength } from '../txlog/logFileHeader.ts'
import type { Transaction } from '../txlog/transaction.ts'
import { TransactionScanner } from '../txlog/transactionScanner.ts'

/** The bytes of a log file from an offset on. */
export type ReadFrom = (offset: number) => AsyncIterable<Uint8Array>

/** A log file to be scanned. */
export interface LogSource {
  path: string
  header: LogFileHeader
  read: ReadFrom
  /** The last transaction of the file before this one. */
  before: Transaction | undefined
  onTransaction: (transaction: Transaction) => void
}

/** Scans a log file from behind its header, or behind a transaction that was its last so far. */
export async function scanLog(source: LogSource, from?: Transaction): Promise<LogEnd> {
  const position = from?.end ?? logHeaderLength
  const last = from ?? source.before
  const scanner = new TransactionScanner({
    header: source.header,
    position,
    ...(last ? { expectedId: last.id + 1, previousChecksum: last.checksum } : {}),
  })
  for await (const chunk of source.read(position)) scanner.push(chunk, source.onTransaction)
  return scanner.end(source.onTransaction)
}

/**
 * What it means that whole transactions do not reach to the end of a log file that nobody writes any more.
 * @throws HoldfastError `integrity` where a whole transaction follows, so that what lies between is damaged, `failed` for an unknown version.
 */
export async function requireTornTail(source: LogSource, end: LogEnd): Promise<void> {
  if (end.reason === 'exact' || end.reason === 'preallocated') return
  if (end.reason === 'unsupported') throw unknownKernelVersion(end.kernelVersion, `${source.path} at offset ${end.end}`)
  const search = new LaterTransactionSearch(end)
  for await (const chunk of source.read(end.end)) if (search.push(chunk)) break
  const later = search.end()
  if (later) throw damagedLog(source.path, end, `whole transaction ${later.id} follows at offset ${later.offset}`)
}

/** The error for a log that cannot be read at a place where it must be whole. */
export function damagedLog(path: string, { end, expected, found }: TornEnd, why: string): HoldfastError {
  return new HoldfastError('integrity', `${path} is damaged at offset ${end}: expected ${expected}, found ${found}; ${why}`, {
    hint: 'Neo4j itself will not start on this log; restore the last good backup into another directory',
  })
}
