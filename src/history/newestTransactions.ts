import type { ShownChange } from './shownChange.ts'
import type { ShownTransaction } from './shownTransaction.ts'

/** Details are kept of so many bytes of log; they take several times as much memory. */
const mostDetailedBytes = 32 << 20

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

  constructor(limit: number, detailedBytes = mostDetailedBytes) {
    this.#limit = limit
    this.#mostDetailedBytes = detailedBytes
  }

  /** Adds a transaction that is newer than those before. */
  add(transaction: ShownTransaction, details: () => ShownChange[] | undefined): void {
    this.added++
    const changes = details()
    this.#kept.push(changes ? { ...transaction, changes } : transaction)
    if (changes) this.#detailedBytes += transaction.size
    if (this.#kept.length - this.#passed > this.#limit) this.#passOldest()
    // The newest keeps its details whatever its size: somebody must be able to see them.
    while (this.#detailedBytes > this.#mostDetailedBytes && this.#detailedFrom < this.#kept.length - 1) this.#dropDetails()
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
    this.#detailedBytes -= transaction.size
  }

  #compact(): void {
    this.#kept = this.#kept.slice(this.#passed)
    this.#detailedFrom -= this.#passed
    this.#passed = 0
  }
}
