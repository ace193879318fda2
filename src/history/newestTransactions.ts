import type { ShownChange } from './shownChange.ts'
import type { ShownTransaction } from './shownTransaction.ts'

/** Keeps the newest of many transactions, and the details of as many of them as there is room for. */
export class NewestTransactions {
  /** How many there were. */
  added = 0
  readonly #limit: number
  readonly #mostDetailedBytes: number
  #kept: ShownTransaction[] = []
  /** How many of the kept are no longer among the newest. */
  #passed = 0
  /** Index of the first that still has its details, and the size of those that do. */
  #detailedFrom = 0
  #detailedBytes = 0

  /**
   * @param limit - how many are kept
   * @param detailedBytes - details are kept of so many bytes of log
   */
  constructor(limit: number, detailedBytes: number) {
    this.#limit = limit
    this.#mostDetailedBytes = detailedBytes
  }

  /** Adds a transaction that is newer than those before. */
  add(transaction: ShownTransaction, changes: ShownChange[] | undefined): void {
    this.added++
    this.#kept.push(changes ? { ...transaction, changes } : transaction)
    if (changes) this.#detailedBytes += this.#weight(transaction)
    if (this.#kept.length - this.#passed > this.#limit) this.#passOldest()
    while (this.#detailedBytes > this.#mostDetailedBytes) this.#dropDetails()
    if (this.#passed > this.#limit) this.#compact()
  }

  /** The newest, oldest first. */
  list(): ShownTransaction[] {
    return this.#kept.slice(this.#passed)
  }

  #passOldest(): void {
    if (this.#detailedFrom === this.#passed) this.#dropDetails()
    this.#passed++
  }

  #dropDetails(): void {
    const transaction = this.#kept[this.#detailedFrom++]!
    if (!transaction.changes) return
    transaction.changes = null
    this.#detailedBytes -= this.#weight(transaction)
  }

  /** Of a larger one only so much is told. */
  #weight({ size }: ShownTransaction): number {
    return Math.min(size, this.#mostDetailedBytes)
  }

  #compact(): void {
    this.#kept = this.#kept.slice(this.#passed)
    this.#detailedFrom -= this.#passed
    this.#passed = 0
  }
}
