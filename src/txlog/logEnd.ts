import type { Place } from './startEntry.ts'
import type { Transaction } from './transaction.ts'

interface AnyEnd {
  /** The offset in the file just behind the last whole transaction: a copy of the log ends here, and a later read starts here. */
  end: number
  /** The last whole transaction; undefined when there was none behind the place where the scan began. */
  last: Transaction | undefined
  /** What the transaction must be that begins at `end`, now or once it is written. */
  next: Place
}

/** The bytes ended with a transaction. */
interface ExactEnd extends AnyEnd {
  reason: 'exact'
}

/** Only zeros follow the last transaction: the file is preallocated. */
interface PreallocatedEnd extends AnyEnd {
  reason: 'preallocated'
}

/**
 * What follows the last transaction is no whole transaction: one that is being written, or was when the server died, or damage.
 * LaterTransactionSearch tells these apart.
 */
export interface TornEnd extends AnyEnd {
  reason: 'torn'
  expected: string
  found: string
}

/** What follows the last transaction looks like an entry of a kernel version that is not known. */
export interface UnsupportedEnd extends AnyEnd {
  reason: 'unsupported'
  kernelVersion: number
  expected: string
  found: string
}

/** Where the whole transactions of a log file end, and why there. */
export type LogEnd = ExactEnd | PreallocatedEnd | TornEnd | UnsupportedEnd
