import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { lentFileBytes } from '../core/fileBytes.ts'
import { readCheckpointLog } from '../txlog/checkpointLog.ts'
import { type LogFileHeader, logHeaderLength } from '../txlog/logFileHeader.ts'
import { behind, requireLogEnd, scanPieces } from '../txlog/logScan.ts'
import type { Transaction } from '../txlog/transaction.ts'
import { listLogFiles, logFileName } from './dataDirectory.ts'
import { readLastCheckpoint } from './lastCheckpoint.ts'
import type { LogPlace } from './logFollower.ts'
import { readHeaderIfThere } from './readHeaderIfThere.ts'

/**
 * The headers of a log's files, oldest first, as far as Neo4j has written them.
 * @throws HoldfastError `neo4j-unavailable` where there are none.
 */
export async function readLogHeaders(directory: string): Promise<LogFileHeader[]> {
  const headers: LogFileHeader[] = []
  for (const { name } of await listLogFiles(directory)) {
    const header = await readHeaderIfThere(join(directory, name))
    // Neo4j prunes from the oldest file up, perhaps at this moment.
    if (header && header.logVersion !== (headers.at(-1)?.logVersion ?? header.logVersion - 1) + 1) headers.length = 0
    if (header) headers.push(header)
  }
  if (headers.length > 0) return headers
  throw new HoldfastError('neo4j-unavailable', `no transaction log in ${directory}`, {
    hint: 'is this the data directory of a Neo4j that has been started at least once?',
  })
}

/** Where a transaction is in a live log. */
export type Found =
  | { at: 'there'; checksum: number; place: LogPlace }
  /** It is the last one before the oldest file; its checksum is known only where the next transaction names it or a checkpoint does. */
  | { at: 'edge'; checksum: number | undefined; place: LogPlace }
  | { at: 'pruned' | 'absent' }

/** The place behind a transaction that was looked for, where it is there with that checksum; what cannot be told is not so. */
export function placeBehind(found: Found, checksum: number): LogPlace | undefined {
  return 'place' in found && found.checksum === checksum ? { ...found.place, previousChecksum: checksum } : undefined
}

/** Looks for a transaction by its id. */
export async function findTransaction(directory: string, id: number): Promise<Found> {
  const [oldest] = await readLogHeaders(directory)
  if (id < oldest!.lastIdBefore) return { at: 'pruned' }
  if (id === oldest!.lastIdBefore) return edge(directory, oldest!)
  for await (const { logVersion, transactions } of liveTransactions(directory, id)) {
    const found = transactions.find((transaction) => transaction.id === id)
    if (!found) continue
    const { end: offset, checksum } = found
    return { at: 'there', checksum, place: { logVersion, offset, nextId: id + 1, previousChecksum: checksum } }
  }
  const [oldestNow] = await readLogHeaders(directory)
  // Pruned while it was looked for.
  return id <= oldestNow!.lastIdBefore ? findTransaction(directory, id) : { at: 'absent' }
}

/** The id of the last whole transaction of a log. */
export async function newestTransaction(directory: string): Promise<number> {
  let newest = (await readLogHeaders(directory)).at(-1)!.lastIdBefore
  for await (const { transactions } of liveTransactions(directory, newest + 1)) newest = transactions.at(-1)!.id
  return newest
}

/** Transactions of one log file. */
interface Batch {
  logVersion: number
  transactions: Transaction[]
}

/**
 * The whole transactions of a log from that id on, or from the oldest file where it is older, in batches of one file each. What Neo4j
 * prunes meanwhile may be left out.
 * @throws HoldfastError `integrity` behind the last one before a place where the log is damaged.
 */
export async function* liveTransactions(directory: string, from: number): AsyncGenerator<Batch> {
  let next = from
  for (;;) {
    try {
      for await (const batch of transactionsNow(directory, next)) {
        next = batch.transactions.at(-1)!.id + 1
        yield batch
      }
      return
    } catch (error) {
      // Pruned between listing and opening.
      if (!hasSystemCode(error, 'ENOENT')) throw error
    }
  }
}

async function* transactionsNow(directory: string, from: number): AsyncGenerator<Batch> {
  const headers = await readLogHeaders(directory)
  const begin = Math.max(
    0,
    headers.findLastIndex(({ lastIdBefore }) => lastIdBefore < from),
  )
  for (const header of headers.slice(begin)) {
    let batch: Transaction[] = []
    const add = (transaction: Transaction): void => {
      if (transaction.id >= from) batch.push(transaction)
    }
    const path = join(directory, logFileName(header.logVersion))
    for await (const _ of scanFile(path, header, { newest: header === headers.at(-1), add })) {
      if (batch.length > 0) yield { logVersion: header.logVersion, transactions: batch }
      batch = []
    }
  }
}

/** Yields whenever it has read a piece. */
async function* scanFile(
  path: string,
  header: LogFileHeader,
  { newest, add }: { newest: boolean; add: (transaction: Transaction) => void },
): AsyncGenerator<void> {
  await using file = await open(path, 'r')
  const read = (start: number): AsyncIterable<Buffer> => lentFileBytes(file, { start })
  const end = yield* scanPieces(read(logHeaderLength), { header }, add)
  yield* requireLogEnd(path, end, {
    newest,
    rest: (from) => read(from.end),
    scan: (from) => scanPieces(read(from.end), behind(from), add),
  })
}

async function edge(directory: string, oldest: LogFileHeader): Promise<Found> {
  let checksum: number | undefined
  for await (const { transactions } of liveTransactions(directory, oldest.lastIdBefore + 1)) {
    const [first] = transactions
    if (first?.id === oldest.lastIdBefore + 1) checksum = first.previousChecksum
    break
  }
  checksum ??= await checkpointChecksum(directory, oldest.lastIdBefore)
  return { at: 'edge', checksum, place: startOf(oldest) }
}

/** The checksum of a transaction, where one of the last checkpoints covers the log up to it exactly. */
async function checkpointChecksum(directory: string, id: number): Promise<number | undefined> {
  const { bytes, fileName } = await readLastCheckpoint(directory)
  const { checkpoints } = readCheckpointLog(bytes, join(directory, fileName))
  return checkpoints.find(({ transaction }) => transaction.id === id)?.transaction.checksum
}

/** The place where a log file begins. */
export function startOf({ logVersion, lastIdBefore }: LogFileHeader): LogPlace {
  return { logVersion, offset: logHeaderLength, nextId: lastIdBefore + 1, previousChecksum: undefined }
}
