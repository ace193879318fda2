import { LaterTransactionSearch } from '../../src/txlog/laterTransaction.ts'
import type { LaterTransaction } from '../../src/txlog/laterTransaction.ts'
import type { LogEnd } from '../../src/txlog/logEnd.ts'
import { readLogFileHeader } from '../../src/txlog/logFileHeader.ts'
import { TransactionScanner } from '../../src/txlog/transactionScanner.ts'
import type { Transaction } from '../../src/txlog/transaction.ts'
import type { ScannerOptions } from '../../src/txlog/transactionScanner.ts'

export interface Scan {
  transactions: Transaction[]
  end: LogEnd
}

/** Scans the bytes of a whole log file, handed to the scanner in chunks that end at the given offsets. */
export function scanLog(file: Uint8Array, cuts: readonly number[] = [], options: Partial<ScannerOptions> = {}): Scan {
  const header = options.header ?? readLogFileHeader(file, 'log')!
  const scanner = new TransactionScanner({ header, ...options })
  const transactions: Transaction[] = []
  const collect = (transaction: Transaction) => transactions.push(transaction)
  let from = options.position ?? 128
  for (const to of [...cuts.filter((cut) => cut > from).toSorted((a, b) => a - b), file.length]) {
    // The scanner must not keep the chunk: a reader uses one buffer again and again.
    const chunk = Uint8Array.from(file.subarray(from, to))
    scanner.push(chunk, collect)
    chunk.fill(0xff)
    from = to
  }
  return { transactions, end: scanner.end(collect) }
}

/** The first whole transaction behind the end of a scan. */
export function findLater(file: Uint8Array, { end }: Scan, cut = file.length): LaterTransaction | undefined {
  const search = new LaterTransactionSearch(end)
  return search.push(file.subarray(end.end, cut)) ?? search.push(file.subarray(Math.max(cut, end.end))) ?? search.end()
}
