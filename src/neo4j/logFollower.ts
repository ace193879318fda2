import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../core/clock.ts'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { fileBytes, lentFileBytes } from '../core/fileBytes.ts'
import { readFully } from '../core/readFully.ts'
import { commitBytesInChecksum, commitLength } from '../txlog/commitEntry.ts'
import { logDamage } from '../txlog/logDamage.ts'
import type { LogEnd } from '../txlog/logEnd.ts'
import { type LogFileHeader, logHeaderLength } from '../txlog/logFileHeader.ts'
import { laterTransactionIn, scanLog } from '../txlog/logScan.ts'
import type { LogSlice } from '../txlog/logSlice.ts'
import type { Transaction } from '../txlog/transaction.ts'
import { TransactionScanner } from '../txlog/transactionScanner.ts'
import { listLogFiles, logFileName } from './dataDirectory.ts'
import { readHeaderIfThere } from './readHeaderIfThere.ts'
import { StillEnd } from './stillEnd.ts'

/** A place in a log: behind one transaction and before the next. */
export interface LogPlace {
  logVersion: number
  /** Bytes in that file. */
  offset: number
  nextId: number
  previousChecksum: number | undefined
}

/** What a follower finds: whole transactions that were not there before. */
export interface NewLog extends LogSlice {
  firstTransaction: Transaction
  /** The latest commit time of all of them, milliseconds since 1970. */
  latest: number
  /** The checksum before the first, where it is known. */
  previousChecksum: number | undefined
}

/** Bytes of the first look at what is new, enough to see that nothing is, and of those that follow. */
const firstLook = 4096
const look = 1 << 20

/** Follows the log of a running database from file to file. Only reads, and holds one file open. */
export class LogFollower implements AsyncDisposable {
  readonly #directory: string
  #place: LogPlace
  #file: FileHandle | undefined
  /** The last transaction's COMMIT entry as it was read: it must still be there when more is read behind it. */
  #commit: Buffer | undefined
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #stillEnd = new StillEnd()

  constructor(directory: string, place: LogPlace, clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#directory = directory
    this.#place = place
    this.#clock = clock
  }

  /** Where the next transaction will be. */
  get place(): Readonly<LogPlace> {
    return this.#place
  }

  /**
   * Whole transactions behind the present place, all in one file and about `limit` bytes, or undefined while there are none.
   * Stays where it is: `advance` goes on.
   * @throws LogGapError where Neo4j has pruned what comes next, LogReplacedError where this is not the log any more that was
   * followed, HoldfastError `integrity` where it is damaged.
   */
  async next(limit: number): Promise<NewLog | undefined> {
    for (;;) {
      const file = await this.#open()
      if (file === 'not there yet') return undefined
      if (file === 'next') continue
      const written = await this.#requireSame(file)
      // Before the scan: what is there once a next file exists is all there will be.
      const following = await readHeaderIfThere(this.#path(this.#place.logVersion + 1))
      const { found, end } = await this.#scan(file, limit)
      if (found) return found
      if (end.reason === 'unsupported') throw logDamage(this.#path(this.#place.logVersion), end, undefined)
      if (following?.lastIdBefore !== this.#place.nextId - 1) {
        if (following) throw (await this.#damageAt(file, end)) ?? this.#mustContinue(following, end)
        const missing = (await this.#lookForGap()) ?? (await this.#lookForDamage(file, end, written))
        if (!missing) return undefined
        // It was written, or files behind it were pruned, since it was scanned: what it got meanwhile is still in the open file.
        const { found: rest } = await this.#scan(file, limit)
        if (!rest) throw missing
        return rest
      }
      await this.#goOn(following)
    }
  }

  /** The bytes of what `next` found. */
  read({ start, end }: LogSlice): AsyncGenerator<Buffer> {
    if (!this.#file) throw new Error('nothing was found yet')
    return fileBytes(this.#file, { start, end })
  }

  /** Goes on behind what `next` found. */
  async advance({ end, last, checksum }: LogSlice): Promise<void> {
    this.#place = { ...this.#place, offset: end, nextId: last + 1, previousChecksum: checksum }
    this.#commit = this.#file && (await readFully(this.#file, end - commitLength, commitLength))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  #path(logVersion: number): string {
    return join(this.#directory, logFileName(logVersion))
  }

  async #open(): Promise<FileHandle | 'next' | 'not there yet'> {
    if (this.#file) return this.#file
    const { logVersion, offset, previousChecksum } = this.#place
    try {
      this.#file = await open(this.#path(logVersion), 'r')
    } catch (error) {
      if (!hasSystemCode(error, 'ENOENT')) throw error
      return this.#passOver()
    }
    if (offset === logHeaderLength) return this.#file
    this.#commit = await readFully(this.#file, offset - commitLength, commitLength)
    const checksum = this.#commit.length === commitLength ? this.#commit.readUInt32LE(commitBytesInChecksum) : undefined
    if (previousChecksum !== undefined && checksum !== previousChecksum) throw new LogReplacedError(this.#path(logVersion))
    return this.#file
  }

  /** The present file was pruned before it was opened, which is no harm only where all of it was read. */
  async #passOver(): Promise<'next' | 'not there yet'> {
    const { logVersion, nextId } = this.#place
    const later = (await listLogFiles(this.#directory)).find(({ version }) => version > logVersion)
    if (!later) throw new LogReplacedError(this.#path(logVersion))
    const header = await readHeaderIfThere(this.#path(later.version))
    if (!header) return 'not there yet'
    if (header.lastIdBefore !== nextId - 1) throw new LogGapError(this.#directory, nextId, header.lastIdBefore)
    await this.#goOn(header)
    return 'next'
  }

  /**
   * A server that was restored, or lost what it had written when its machine lost power, goes on in a file of the same name.
   * @returns when it was last written.
   */
  async #requireSame(file: FileHandle): Promise<bigint> {
    const { logVersion, offset } = this.#place
    const ours = await file.stat({ bigint: true })
    const theirs = await stat(this.#path(logVersion), { bigint: true }).catch((error: unknown) => {
      if (hasSystemCode(error, 'ENOENT')) return undefined
      throw error
    })
    const replaced = theirs && (theirs.dev !== ours.dev || theirs.ino !== ours.ino)
    const commit = this.#commit && (await readFully(file, offset - commitLength, commitLength))
    if (replaced || (commit && !commit.equals(this.#commit!))) throw new LogReplacedError(this.#path(logVersion))
    return ours.mtimeNs
  }

  async #scan(file: FileHandle, limit: number): Promise<{ found: NewLog | undefined; end: LogEnd }> {
    const { logVersion, offset, nextId, previousChecksum } = this.#place
    const scanner = new TransactionScanner({ position: offset, expectedId: nextId, previousChecksum })
    const start = offset === logHeaderLength ? 0 : offset
    let first: Transaction | undefined
    let last: Transaction | undefined
    let latest = 0
    const add = (transaction: Transaction): void => {
      if (last && last.end - offset >= limit) return
      first ??= transaction
      last = transaction
      latest = Math.max(latest, transaction.commitTime)
    }
    let position = offset
    for (let size = firstLook; ; size = look) {
      const chunk = await readFully(file, position, size)
      scanner.push(chunk, add)
      position += chunk.length
      if (chunk.length < size || scanner.atZeros || (last && last.end - offset >= limit)) break
    }
    const end = scanner.end(add)
    if (!first || !last) return { found: undefined, end }
    const ids = { first: first.id, last: last.id, checksum: last.checksum }
    const slice = { logVersion, start, end: last.end, ...ids }
    return { found: { ...slice, firstTransaction: first, latest, previousChecksum }, end }
  }

  async #goOn({ logVersion }: LogFileHeader): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
    this.#commit = undefined
    this.#place = { ...this.#place, logVersion, offset: logHeaderLength }
  }

  /** The next file may be gone already, and those behind it still there; or all of them may be older, in a directory that was restored. */
  async #lookForGap(): Promise<LogGapError | undefined> {
    const { logVersion, nextId } = this.#place
    const versions = (await listLogFiles(this.#directory)).map(({ version }) => version)
    const later = versions.find((version) => version > logVersion)
    // Neo4j prunes any file but the newest.
    if (later === undefined && !versions.includes(logVersion)) throw new LogReplacedError(this.#path(logVersion))
    if (later === undefined || later === logVersion + 1) return undefined
    const header = await readHeaderIfThere(this.#path(later))
    return header && new LogGapError(this.#directory, nextId, header.lastIdBefore)
  }

  /** What is written behind an end that stays where it is shows that it is none. */
  async #lookForDamage(file: FileHandle, end: LogEnd, written: bigint): Promise<HoldfastError | undefined> {
    const { logVersion, offset } = this.#place
    if (end.reason === 'exact') return undefined
    const seen = { logVersion, offset, torn: end.reason === 'torn', written }
    return this.#stillEnd.isDoubtful(seen, this.#clock.monotonic()) ? this.#damageAt(file, end) : undefined
  }

  async #damageAt(file: FileHandle, end: LogEnd): Promise<HoldfastError | undefined> {
    const { logVersion, offset, nextId, previousChecksum } = this.#place
    const rest = (): AsyncGenerator<Buffer> => lentFileBytes(file, { start: offset })
    const position = { position: offset, expectedId: nextId, previousChecksum }
    const doubtful = end.reason === 'preallocated' ? await scanLog(rest(), position, () => {}) : end
    if (doubtful.reason !== 'torn') return undefined
    const later = await laterTransactionIn(rest(), doubtful)
    return later && logDamage(this.#path(logVersion), doubtful, later)
  }

  #mustContinue(following: LogFileHeader, end: LogEnd): HoldfastError {
    const path = this.#path(this.#place.logVersion)
    if (end.reason === 'torn') return logDamage(path, end, undefined)
    return new LogGapError(this.#directory, this.#place.nextId, following.lastIdBefore)
  }
}

/** Neo4j has pruned log that was not read yet. */
export class LogGapError extends HoldfastError {
  constructor(directory: string, first: number, last: number) {
    super('neo4j-unavailable', `transactions ${first} to ${last} are not in ${directory} any more`, {
      hint: 'Neo4j prunes its log; raise db.tx_log.rotation.retention_policy to let the archiver be away longer',
    })
  }
}

/** The log that was followed is not there any more: restored, loaded anew, or cut back by a loss of power. */
export class LogReplacedError extends HoldfastError {
  constructor(path: string) {
    super('neo4j-unavailable', `${path} is not the log any more that was followed`)
  }
}
