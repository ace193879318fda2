import { HoldfastError } from '../core/errors.ts'
import { logHeaderLength, readLogFileHeader } from './logFileHeader.ts'
import type { Transaction } from './transaction.ts'
import { TransactionScanner } from './transactionScanner.ts'

/** A slice of one log file: whole transactions, and the header of the file where it begins it. */
export interface LogSlice {
  logVersion: number
  /** Bytes of the file from `start` (0, or a transaction's boundary) up to `end`. */
  start: number
  end: number
  /** Ids of the first and last transaction. */
  first: number
  last: number
  /** CRC-32C of the last one. */
  checksum: number
}

/** How a slice is verified. */
export interface SliceOptions {
  /** Names the slice in errors. */
  name: string
  /** Of the transaction before the first, where it is known. */
  previousChecksum?: number | undefined
  onTransaction?: (transaction: Transaction) => void
}

/**
 * Passes the bytes of a slice on and verifies every transaction on the way; whoever uses a piece before the end must be able to forget it.
 * @throws {HoldfastError} `integrity` at the end, where they are not the transactions that the slice is said to hold.
 */
export async function* verifiedSlice(
  slice: LogSlice,
  bytes: AsyncIterable<Buffer>,
  { name, previousChecksum, onTransaction = () => {} }: SliceOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const begin = Math.max(slice.start, logHeaderLength)
  const scanner = new TransactionScanner({ position: begin, expectedId: slice.first, previousChecksum })
  const header = Buffer.alloc(logHeaderLength)
  let position = slice.start
  for await (const chunk of bytes) {
    if (position < logHeaderLength) {
      chunk.copy(header, position)
      if (position + chunk.length >= logHeaderLength) requireHeader(header, slice, name)
    }
    scanner.push(chunk.subarray(Math.max(0, begin - position)), onTransaction)
    position += chunk.length
    yield chunk
  }
  const end = scanner.end(onTransaction)
  const found = `${end.last?.id ?? 'none'} with checksum ${end.last?.checksum ?? 'none'} up to offset ${end.end}`
  const expected = `${slice.last} with checksum ${slice.checksum} up to offset ${slice.end}`
  if (end.reason === 'exact' && found === expected) return
  throw notThat(name, `transactions up to ${expected}`, `up to ${found}${'found' in end ? `, then ${end.found}` : ''}`)
}

function requireHeader(bytes: Buffer, { logVersion, first }: LogSlice, name: string): void {
  const header = readLogFileHeader(bytes, name)
  const found = header && `log file ${header.logVersion} from transaction ${header.lastIdBefore + 1}`
  const expected = `log file ${logVersion} from transaction ${first}`
  if (found !== expected) throw notThat(name, `the header of ${expected}`, found ?? 'none')
}

function notThat(name: string, expected: string, found: string): HoldfastError {
  return new HoldfastError('integrity', `${name} does not hold the log it is said to: expected ${expected}, found ${found}`, {
    hint: 'moments that need it cannot be restored from it; `holdfast archive status` shows those that can',
  })
}
