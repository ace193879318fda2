import { ByteWindow } from './byteWindow.ts'
import { commitBytesInChecksum, commitLength, commitType } from './commitEntry.ts'
import { crc32c } from './crc32c.ts'
import { readInt64 } from './int64.ts'
import { kernelVersions } from './kernelVersions.ts'
import type { LogEnd } from './logEnd.ts'
import { longestStart, readStart, startType } from './startEntry.ts'

/** A whole transaction found behind a place that could not be read. */
export interface LaterTransaction {
  id: number
  /** Offset of its START entry in the file. */
  offset: number
}

/** A START entry that was seen, with the checksum of the bytes from there on. */
interface Opening {
  offset: number
  kernelVersion: number
  checksum: number
}

const windowLength = 64 * 1024

/** The shortest transaction in bytes: a START and a COMMIT entry of the first version. So many bytes hold only so many ids. */
const shortestTransaction = 48

/** START entries kept at a time; more only appear when values look like them, and then the oldest is the least likely. */
const openingsKept = 8

/**
 * Looks for a whole transaction behind a place where a scan stopped. A torn tail has none, since the log is written in order;
 * where there is one, what lies before it is damaged or missing. The bytes to push are those from the end that the scan found.
 * Holds a small window of them.
 */
export class LaterTransactionSearch {
  readonly #lastId: number
  readonly #begin: number
  readonly #window: ByteWindow
  /** Index in the window up to which the openings' checksums go. */
  #summed = 0
  #openings: Opening[] = []
  #found: LaterTransaction | undefined

  constructor({ end, next }: Pick<LogEnd, 'end' | 'next'>) {
    this.#begin = end
    this.#window = new ByteWindow(windowLength, end)
    this.#lastId = next.id - 1
  }

  /** Takes the next bytes; returns the first whole transaction as soon as there is one. */
  push(chunk: Uint8Array): LaterTransaction | undefined {
    let taken = 0
    while (taken < chunk.length && !this.#found) {
      taken += this.#window.fill(chunk, taken)
      this.#search(Math.max(0, this.#window.bytes.length - longestStart))
    }
    return this.#found
  }

  /** The first whole transaction, when no more bytes come. */
  end(): LaterTransaction | undefined {
    this.#search(this.#window.bytes.length)
    return this.#found
  }

  /** Looks at each byte before index `to` as the first of an entry, and drops these bytes. */
  #search(to: number): void {
    for (let at = 0; at < to && !this.#found; at++) {
      const type = this.#window.bytes[at + 1]
      if (type === startType) this.#tryStart(at)
      else if (type === commitType) this.#tryCommit(at)
    }
    this.#sumTo(to)
    this.#window.drop(to)
    this.#summed = 0
  }

  #tryStart(at: number): void {
    if (!kernelVersions[this.#window.bytes[at]!]) return
    const start = readStart(this.#window.view, at, this.#window.bytes.length - at)
    if (start === 'incomplete' || 'found' in start) return
    if (start.appendIndex !== undefined && !this.#isLater(start.appendIndex, at)) return
    this.#sumTo(at)
    if (this.#openings.length === openingsKept) this.#openings.shift()
    this.#openings.push({
      offset: this.#window.offset + at,
      kernelVersion: start.version.byte,
      checksum: 0,
    })
  }

  #tryCommit(at: number): void {
    if (at + commitLength > this.#window.bytes.length || this.#openings.length === 0) return
    const id = readInt64(this.#window.view, at + 2)
    if (!this.#isLater(id, at)) return
    const checksum = this.#window.view.getUint32(at + commitBytesInChecksum, true)
    this.#sumTo(at)
    for (const opening of this.#openings) {
      if (opening.kernelVersion !== this.#window.bytes[at]) continue
      if (crc32c(this.#window.bytes, at, at + commitBytesInChecksum, opening.checksum) !== checksum) continue
      this.#found = { id, offset: opening.offset }
      return
    }
  }

  /** Whether a transaction behind the ones read can have this id: there is only room for so many before index `at`. */
  #isLater(id: number, at: number): boolean {
    return (
      id > this.#lastId && id <= this.#lastId + 2 + Math.floor((this.#window.offset + at - this.#begin) / shortestTransaction)
    )
  }

  #sumTo(index: number): void {
    if (index <= this.#summed) return
    for (const opening of this.#openings) {
      opening.checksum = crc32c(this.#window.bytes, this.#summed, index, opening.checksum)
    }
    this.#summed = index
  }
}
