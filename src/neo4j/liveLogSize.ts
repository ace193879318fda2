import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { lentFileBytes } from '../core/fileBytes.ts'
import { scanPieces } from '../txlog/logScan.ts'
import type { Transaction } from '../txlog/transaction.ts'
import { logFileName } from './dataDirectory.ts'
import { liveTransactions, readLogHeaders, startOf } from './liveLog.ts'
import type { LogPlace } from './logFollower.ts'

/** Bytes of whole transactions behind a place in a log, and when the first of them was committed, in milliseconds since 1970. */
interface LogSize {
  bytes: number
  since: number | undefined
}

/** Reads and verifies all of the log behind a place. @throws HoldfastError `integrity` where it is damaged. */
export async function liveLogSize(directory: string, { nextId }: LogPlace, signal: AbortSignal): Promise<LogSize> {
  let bytes = 0
  let since: number | undefined
  for await (const { transactions } of liveTransactions(directory, nextId)) {
    signal.throwIfAborted()
    for (const { offset, end, commitTime } of transactions) {
      bytes += end - offset
      since ??= commitTime
    }
  }
  return { bytes, since }
}

/**
 * Takes the sizes of the files for what is in them. Only the first transaction is read, and the newest file, which Neo4j has made larger than
 * what is written of it.
 * @param place the beginning of the log unless given
 */
export async function roughLogSize(directory: string, place: LogPlace | undefined, signal: AbortSignal): Promise<LogSize> {
  const headers = await readLogHeaders(directory)
  const begin = headers.findLastIndex(({ lastIdBefore }) => lastIdBefore < (place?.nextId ?? 0))
  let bytes = 0
  let since: number | undefined
  for (const header of headers.slice(Math.max(0, begin))) {
    const { offset, nextId, previousChecksum } = header.logVersion === place?.logVersion ? place : startOf(header)
    const isNewest = header === headers.at(-1)
    await using file = await open(join(directory, logFileName(header.logVersion)), 'r')
    let end = isNewest ? offset : (await file.stat()).size
    const add = (transaction: Transaction): void => {
      since ??= transaction.commitTime
      if (isNewest) end = transaction.end
    }
    const from = { position: offset, expectedId: nextId, previousChecksum }
    if (isNewest || since === undefined) {
      for await (const _ of scanPieces(lentFileBytes(file, { start: offset }), from, add)) {
        signal.throwIfAborted()
        if (!isNewest && since !== undefined) break
      }
    }
    bytes += end - offset
  }
  return { bytes, since }
}
