import { type LaterTransaction, LaterTransactionSearch } from './laterTransaction.ts'
import { logDamage } from './logDamage.ts'
import type { LogEnd } from './logEnd.ts'
import type { Transaction } from './transaction.ts'
import { type ScannerOptions, TransactionScanner } from './transactionScanner.ts'

/** Scans the bytes of a log file from a boundary on and says where its whole transactions end. */
export async function scanLog(
  bytes: AsyncIterable<Uint8Array>,
  options: ScannerOptions,
  onTransaction: (transaction: Transaction) => void,
): Promise<LogEnd> {
  const scanner = new TransactionScanner(options)
  for await (const chunk of bytes) scanner.push(chunk, onTransaction)
  return scanner.end(onTransaction)
}

/** The first whole transaction behind the place where a scan stopped, in the bytes from there on. */
export async function laterTransactionIn(rest: AsyncIterable<Uint8Array>, end: LogEnd): Promise<LaterTransaction | undefined> {
  const search = new LaterTransactionSearch(end)
  for await (const chunk of rest) if (search.push(chunk)) break
  return search.end()
}

/**
 * Makes sure that where whole transactions end, the log does: only the newest file may go on with a transaction that was cut off.
 * @param rest the bytes of the file from the end on
 * @throws HoldfastError `integrity` where a whole transaction follows, so that what lies between is damaged, `failed` for an unknown version.
 */
export async function requireLogEnd(
  path: string,
  end: LogEnd,
  { newest, rest }: { newest: boolean; rest: () => AsyncIterable<Uint8Array> },
): Promise<void> {
  if (end.reason === 'exact' || end.reason === 'preallocated') return
  const later = await laterTransactionIn(rest(), end)
  if (end.reason === 'torn' && newest && !later) return
  throw logDamage(path, end, later)
}
