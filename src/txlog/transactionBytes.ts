import { HoldfastError } from '../core/errors.ts'
import type { LogEnd } from './logEnd.ts'
import type { Transaction } from './transaction.ts'
import { type ScannerOptions, TransactionScanner } from './transactionScanner.ts'

/** A whole transaction and its bytes, START entry to COMMIT entry. */
export interface TransactionBytes {
  transaction: Transaction
  /** Part of a larger chunk as a rule, which is kept as long as they are. */
  bytes: Buffer
}

/**
 * Scans the bytes of a log file from a boundary on, as `scanLog` does, and hands out the very bytes that were verified.
 * Holds one chunk and one transaction. The chunks must not change afterwards.
 * @returns where the whole transactions end
 */
export async function* transactionsIn(
  chunks: AsyncIterable<Buffer>,
  options: ScannerOptions & { position: number },
): AsyncGenerator<TransactionBytes, LogEnd> {
  const scanner = new TransactionScanner(options)
  const held = new HeldBytes(options.position)
  let found: Transaction[] = []
  const collect = (transaction: Transaction): void => void found.push(transaction)
  const handOut = function* (): Generator<TransactionBytes> {
    for (const transaction of found) yield { transaction, bytes: held.take(transaction.offset, transaction.end) }
    found = []
  }
  for await (const chunk of chunks) {
    // Of a preallocated file all the rest is zeros, which nobody will ask for.
    if (scanner.atZeros) held.skip(chunk)
    else held.add(chunk)
    scanner.push(chunk, collect)
    yield* handOut()
  }
  const end = scanner.end(collect)
  yield* handOut()
  return end
}

/** The chunks of a file from a place on that is moved forward as they are used. */
class HeldBytes {
  readonly #chunks: { offset: number; bytes: Buffer }[] = []
  #end: number

  constructor(offset: number) {
    this.#end = offset
  }

  add(bytes: Buffer): void {
    this.#chunks.push({ offset: this.#end, bytes })
    this.#end += bytes.length
  }

  skip({ length }: Buffer): void {
    this.#end += length
  }

  /** The bytes from one offset in the file to another; those before them are forgotten. */
  take(from: number, to: number): Buffer {
    const chunks = this.#chunks
    while (chunks[0] && chunks[0].offset + chunks[0].bytes.length <= from) chunks.shift()
    const [first] = chunks
    if (first && first.offset <= from && to <= first.offset + first.bytes.length)
      return first.bytes.subarray(from - first.offset, to - first.offset)
    const parts = chunks.filter((chunk) => chunk.offset < to)
    const bytes = Buffer.concat(parts.map((part) => part.bytes.subarray(Math.max(0, from - part.offset), to - part.offset)))
    if (bytes.length === to - from) return bytes
    throw new HoldfastError(
      'integrity',
      `the transaction at offset ${from} goes on behind zeros that looked like the end of the log`,
    )
  }
}
