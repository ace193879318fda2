import type { NewToken } from '../txlog/changes/transactionChanges.ts'
import type { TransactionBytes } from '../txlog/transactionBytes.ts'

/** A whole transaction as a log holds it. */
export interface LoggedTransaction extends TransactionBytes {
  /** The log file that Neo4j wrote it to, and in which its offset is. */
  logVersion: number
}

/**
 * Somewhere that transactions are kept: the log of a data directory, or what was copied of one. What reads history depends on this alone.
 * A source verifies what it hands out; whoever uses it does not do so again.
 */
export interface LogSource {
  /** What it is, for progress and messages: `log of neo4j`. */
  readonly name: string
  /**
   * Tokens that were created before its first transaction; more, such as all that are known today, do no harm, since a number never gets
   * another name. What it leaves out is shown by its number.
   */
  tokens: () => Promise<Iterable<NewToken>>
  /** The smallest id from which its transactions lead to this one without a gap; 0 where it has no gaps, this one where it lies in a gap. */
  stretchTo: (id: number) => number
  /**
   * Its transactions in the order of their ids, without a gap. It keeps only a bounded stretch of them in memory, begins anew for each caller,
   * and releases what it opened when the caller stops.
   * @param from - the caller does not need those with a smaller id, so what can be left out cheaply may be
   * @throws HoldfastError `integrity` at a place where the log is damaged or has a gap, after the transactions before it
   */
  transactions: (from: number) => AsyncIterable<LoggedTransaction>
}
