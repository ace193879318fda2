import { HoldfastError } from '../core/errors.ts'
import { ByteWindow } from './byteWindow.ts'
import { commitBytesInChecksum, commitLength, commitPatternLength, writeCommitPattern } from './commitEntry.ts'
import { crc32c, crc32cOfZeros, indexOfNonZero } from './crc32c.ts'
import { readInt64 } from './int64.ts'
import type { LogEnd } from './logEnd.ts'
import { logHeaderLength } from './logFileHeader.ts'
import type { LogFileHeader } from './logFileHeader.ts'
import { describePlace, misplacement, readStart } from './startEntry.ts'
import type { NotStart, Place, StartEntry } from './startEntry.ts'
import type { Transaction } from './transaction.ts'

export interface ScannerOptions {
  /** Needed only where neither a position nor an id is given. */
  header?: Pick<LogFileHeader, 'lastIdBefore'> | undefined
  /** Offset in the file of the first byte that will be pushed: a transaction's boundary; where the header ends unless given. */
  position?: number | undefined
  /** Id of the first transaction behind `position`; must be given with a position, otherwise the header says it. */
  expectedId?: number | undefined
  /** Checksum of the transaction before `position`, if it is known. */
  previousChecksum?: number | undefined
}

/** Why the bytes at a place are not what must be there. */
interface Refusal extends NotStart {
  expected: string
}

/** Large enough for the search and the checksum to run at full speed, small enough to stay in the processor's cache. */
const windowLength = 128 * 1024

/**
 * Finds and verifies the transactions of one log file from its bytes, pushed in order in chunks of any size. Holds a small window of them,
 * whatever the size of a transaction.
 *
 * It knows no commands, which have no length, and so searches for the COMMIT entry of the transaction it is in: kernel version, type and id,
 * then a checksum that holds, and behind it the end of the log or the START entry of the next transaction. Property values may hold bytes
 * that look like a COMMIT entry, so a COMMIT that fails any of this is passed over, and only at the end of the bytes taken for what it is.
 */
export class TransactionScanner {
  readonly #begin: number
  /** All indexes below are in the window. */
  readonly #window: ByteWindow
  #state: 'boundary' | 'commands' | 'zeros' | 'refused' = 'boundary'
  /** Everything before this index has been dealt with. */
  #searched = 0
  /** The checksum of the open transaction up to index `summed`. */
  #checksum = 0
  #summed = 0
  /** Where the next START entry should be, while the state is `boundary`. */
  #boundary = 0
  /** Offset in the file at which zeros began, while the state is `zeros`. */
  #zerosFrom = 0
  readonly #next: Place
  #open: { id: number; offset: number; start: StartEntry } | undefined
  readonly #pattern = Buffer.alloc(commitPatternLength)
  /** The open transaction if the COMMIT found last is its own. */
  #candidate: Transaction | undefined
  /** The open transaction if a COMMIT found earlier is its own, and why that was doubted. */
  #doubted: { transaction: Transaction; refusal: Refusal } | undefined
  /** The checksum that did not hold at the last COMMIT that was passed over. */
  #mismatch: { offset: number; expected: number; found: number } | undefined
  #refusal: Refusal | undefined
  #last: Transaction | undefined

  constructor({ header, position = logHeaderLength, expectedId, previousChecksum }: ScannerOptions) {
    const id = expectedId ?? (header && position === logHeaderLength ? header.lastIdBefore + 1 : undefined)
    if (id === undefined) {
      throw new HoldfastError('failed', `cannot read a transaction log from offset ${position} on without the id expected there`)
    }
    this.#begin = position
    this.#window = new ByteWindow(windowLength, position)
    this.#next = { id, previousChecksum }
  }

  /** Whether a transaction has ended and a zero follows, which is where the log ends that is written into a preallocated file. */
  get atZeros(): boolean {
    return this.#state === 'zeros'
  }

  /** Takes the next bytes of the file; they are copied. Calls back with each transaction once what follows it has been seen. */
  push(chunk: Uint8Array, onTransaction: (transaction: Transaction) => void): void {
    let taken = 0
    while (taken < chunk.length) {
      taken += this.#window.fill(chunk, taken)
      while (this.#step(onTransaction));
      this.#dropSearched()
    }
  }

  /** Says where the log ends when no more bytes come, after calling back with a last transaction that nothing followed. */
  end(onTransaction: (transaction: Transaction) => void): LogEnd {
    const doubted = this.#candidate ? undefined : this.#doubted
    const refusal = doubted?.refusal ?? this.#refusal
    const whole = this.#candidate ?? doubted?.transaction
    if (whole) this.#emit(whole, onTransaction)
    const at = { end: this.#last?.end ?? this.#begin, last: this.#last, next: { ...this.#next } }
    if (this.#state === 'zeros') return { reason: 'preallocated', ...at }
    if (this.#state === 'boundary' && this.#boundary === this.#window.bytes.length) return { reason: 'exact', ...at }
    const { unknownVersion, expected, found } = refusal ?? this.#describeTail()
    if (unknownVersion === undefined) return { reason: 'torn', ...at, expected, found }
    return { reason: 'unsupported', ...at, kernelVersion: unknownVersion, expected, found }
  }

  /** Does one step if the bytes at hand suffice for it. */
  #step(onTransaction: (transaction: Transaction) => void): boolean {
    switch (this.#state) {
      case 'boundary':
        return this.#crossBoundary(onTransaction)
      case 'commands':
        return this.#findCommit()
      case 'zeros':
        return this.#skipZeros()
      case 'refused':
        this.#searched = this.#window.bytes.length
        return false
    }
  }

  #crossBoundary(onTransaction: (transaction: Transaction) => void): boolean {
    const at = this.#boundary
    if (at === this.#window.bytes.length) return false
    if (this.#window.bytes[at] === 0) {
      this.#sumTo(at)
      this.#searched = at
      this.#zerosFrom = this.#window.offset + at
      this.#state = 'zeros'
      return true
    }
    const start = readStart(this.#window.view, at, this.#window.bytes.length - at)
    if (start === 'incomplete') return false
    if ('found' in start) return this.#refuse({ ...start, expected: describePlace(this.#next) })
    const found = misplacement(start, this.#next)
    if (found !== undefined) return this.#refuse({ found, expected: describePlace(this.#next) })
    if (this.#candidate) this.#emit(this.#candidate, onTransaction)
    this.#open = { id: this.#next.id, offset: this.#window.offset + at, start }
    writeCommitPattern(this.#pattern, start.version.byte, this.#next.id)
    this.#checksum = 0
    this.#summed = at
    this.#searched = at + start.length
    this.#state = 'commands'
    return true
  }

  #findCommit(): boolean {
    const { id, offset, start } = this.#open!
    const length = this.#window.bytes.length
    for (;;) {
      const at = this.#window.bytes.indexOf(this.#pattern, this.#searched)
      if (at < 0 || at + commitLength > length) {
        this.#searched = at < 0 ? Math.max(this.#searched, length - commitPatternLength + 1) : at
        this.#sumTo(this.#searched)
        return false
      }
      this.#searched = at + 1
      this.#sumTo(at + commitBytesInChecksum)
      const commitTime = readInt64(this.#window.view, at + commitPatternLength)
      const checksum = this.#window.view.getUint32(at + commitBytesInChecksum, true)
      if (checksum === this.#checksum && !Number.isNaN(commitTime)) {
        this.#boundary = at + commitLength
        this.#candidate = {
          id,
          offset,
          end: this.#window.offset + this.#boundary,
          commitTime,
          checksum,
          previousChecksum: start.previousChecksum,
          kernelVersion: start.version.byte,
        }
        this.#next.id = id + 1
        this.#next.previousChecksum = checksum
        this.#state = 'boundary'
        return true
      }
      this.#mismatch = { offset: this.#window.offset + at, expected: checksum, found: this.#checksum }
    }
  }

  #skipZeros(): boolean {
    const at = indexOfNonZero(this.#window.bytes, this.#searched)
    this.#searched = at < 0 ? this.#window.bytes.length : at
    this.#summed = this.#searched
    if (at < 0) return false
    const offset = this.#window.offset + at
    this.#checksum = crc32cOfZeros(offset - this.#zerosFrom, this.#checksum)
    return this.#refuse({ expected: 'only zeros behind the last transaction', found: `other bytes from offset ${offset} on` })
  }

  /** What is behind the COMMIT found last does not belong there: look for another COMMIT of the same transaction. */
  #refuse(refusal: Refusal): boolean {
    if (this.#candidate) {
      this.#doubted = { transaction: this.#candidate, refusal }
      this.#candidate = undefined
      this.#state = 'commands'
    } else {
      this.#refusal = refusal
      this.#state = 'refused'
    }
    return true
  }

  #sumTo(index: number): void {
    if (index <= this.#summed) return
    this.#checksum = crc32c(this.#window.bytes, this.#summed, index, this.#checksum)
    this.#summed = index
  }

  #emit(transaction: Transaction, onTransaction: (transaction: Transaction) => void): void {
    this.#last = transaction
    this.#candidate = undefined
    this.#doubted = undefined
    this.#mismatch = undefined
    onTransaction(transaction)
  }

  #dropSearched(): void {
    const searched = this.#searched
    this.#window.drop(searched)
    this.#summed -= searched
    this.#boundary -= searched
    this.#searched = 0
  }

  #describeTail(): Refusal {
    if (this.#state === 'boundary') {
      return { expected: describePlace(this.#next), found: `${this.#window.bytes.length - this.#boundary} bytes` }
    }
    const { id, offset } = this.#open!
    if (!this.#mismatch) {
      const length = this.#window.offset + this.#window.bytes.length - offset
      return { expected: `the COMMIT entry of transaction ${id}`, found: `${length} bytes without it` }
    }
    const { offset: commit, expected, found } = this.#mismatch
    return { expected: `checksum ${expected} of transaction ${id} (COMMIT at offset ${commit})`, found: `checksum ${found}` }
  }
}
