import { type LaterTransaction, LaterTransactionSearch } from './laterTransaction.ts'
import { logDamage } from './logDamage.ts'
import type { LogEnd, TornEnd, UnsupportedEnd } from './logEnd.ts'
import type { Transaction } from './transaction.ts'
import { type ScannerOptions, TransactionScanner } from './transactionScanner.ts'

/** Scans the bytes of a log file from a boundary on and says where its whole transactions end. */
export async function scanLog(
  bytes: AsyncIterable<Uint8Array>,
  options: ScannerOptions,
  onTransaction: (transaction: Transaction) => void,
): Promise<LogEnd> {
  return endOf(scanPieces(bytes, options, onTransaction))
}

/** The same, which stops behind each piece that was read, and before it returns the end. */
export async function* scanPieces(
  bytes: AsyncIterable<Uint8Array>,
  options: ScannerOptions,
  onTransaction: (transaction: Transaction) => void,
): AsyncGenerator<void, LogEnd> {
  const scanner = new TransactionScanner(options)
  for await (const chunk of bytes) {
    scanner.push(chunk, onTransaction)
    yield
  }
  const end = scanner.end(onTransaction)
  yield
  return end
}

/** Goes on to the end without a stop. */
export async function endOf(scan: AsyncGenerator<void, LogEnd>): Promise<LogEnd> {
  for (;;) {
    const { done, value } = await scan.next()
    if (done) return value
  }
}

/** The first whole transaction behind the place where a scan stopped, in the bytes from there on. */
export async function laterTransactionIn(rest: AsyncIterable<Uint8Array>, end: LogEnd): Promise<LaterTransaction | undefined> {
  const search = new LaterTransactionSearch(end)
  for await (const chunk of rest) if (search.push(chunk)) break
  return search.end()
}

/** How to scan on from where a scan ended. */
export function behind({ end, next }: LogEnd): ScannerOptions & { position: number } {
  return { position: end, expectedId: next.id, previousChecksum: next.previousChecksum }
}

/** A transaction that is being written while we read looks torn: it is looked at again this often, so many milliseconds apart. */
const looks = 10
const pause = 50

/** The file whose end is looked at. */
interface EndingFile<Piece> {
  newest: boolean
  /** Its bytes from there on. */
  rest: (end: LogEnd) => AsyncIterable<Uint8Array>
  /** Scans it from there on. */
  scan: (end: LogEnd) => AsyncGenerator<Piece, LogEnd>
  /** Waits so many milliseconds; without it what looks torn is not waited for. */
  wait?: (milliseconds: number) => Promise<unknown>
}

/**
 * Makes sure that where whole transactions end, the log does: only the newest file may go on with a transaction that was cut off. What was
 * being written there when it was scanned may be whole by the time that something is found behind it: then it is scanned from there on.
 * @returns where the log ends
 * @throws HoldfastError `integrity` where a whole transaction follows, so that what lies between is damaged, `failed` for an unknown version.
 */
export async function* requireLogEnd<Piece>(
  path: string,
  end: LogEnd,
  { newest, rest, scan, wait }: EndingFile<Piece>,
): AsyncGenerator<Piece, LogEnd> {
  let at = end
  for (let look = 1; newest && wait && look < looks && isUnfinished(at); look++) {
    await wait(pause)
    const later = yield* scan(at)
    at = later.last ? later : { ...later, last: at.last }
  }
  while (isUnfinished(at)) {
    const later = await laterTransactionIn(rest(at), at)
    if (at.reason === 'torn' && newest && !later) break
    const more = later && newest ? yield* scan(at) : undefined
    if (!more?.last) throw logDamage(path, at, later)
    at = more
  }
  return at
}

function isUnfinished(end: LogEnd): end is TornEnd | UnsupportedEnd {
  return end.reason === 'torn' || end.reason === 'unsupported'
}
