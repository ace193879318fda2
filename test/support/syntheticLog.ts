import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kernelVersions } from '../../src/txlog/kernelVersions.ts'
import { checkpointLogBytes } from './checkpointBytes.ts'
import { baseChecksum, headerBytes, sampleStore, transactionBytes } from './logBytes.ts'

/** A transaction of a synthetic log, and where it is. */
export interface Written {
  id: number
  checksum: number
  /** Milliseconds since 1970. */
  commitTime: number
  logVersion: number
  start: number
  end: number
}

interface LogOptions {
  database?: string
  /** 20 names the checksum of the transaction before, 33 does not. */
  kernelVersion?: number
  store?: typeof sampleStore
}

interface WriteOptions {
  /** What is between the START and the COMMIT entry: text that is no command, in each transaction other text, or commands. */
  body?: string | Buffer
  commitTime?: number
}

/** When the first transaction is committed; each one after it comes a second later unless told. */
export const firstCommit = Date.parse('2026-01-01T00:00:00.000Z')

/** The files of a database that a server writes, rotates and prunes, without the server. */
export class SyntheticLog {
  readonly dataDir: string
  readonly database: string
  readonly kernelVersion: number
  readonly store: typeof sampleStore
  transactions: Written[] = []
  logVersion = 0
  /** Bytes of the present file. */
  size = 0

  private constructor(dataDir: string, { database = 'neo4j', kernelVersion = 20, store = sampleStore }: LogOptions) {
    this.dataDir = dataDir
    this.database = database
    this.kernelVersion = kernelVersion
    this.store = store
  }

  /** A fresh database, whose first transaction will have the id 2. */
  static create(dataDir: string, options: LogOptions = {}): SyntheticLog {
    const log = new SyntheticLog(dataDir, options)
    mkdirSync(join(dataDir, 'databases', log.database), { recursive: true })
    mkdirSync(log.directory, { recursive: true })
    log.#begin(0)
    log.checkpoint()
    return log
  }

  get directory(): string {
    return join(this.dataDir, 'transactions', this.database)
  }

  get last(): Pick<Written, 'id' | 'checksum' | 'commitTime'> {
    return this.transactions.at(-1) ?? { id: 1, checksum: baseChecksum, commitTime: firstCommit }
  }

  path(logVersion = this.logVersion): string {
    return join(this.directory, `neostore.transaction.db.${logVersion}`)
  }

  /** The transaction of an id. */
  at(id: number): Written {
    return this.transactions.find((transaction) => transaction.id === id)!
  }

  /** The bytes of transactions that would come next; nothing is written. */
  next(count: number, { body = '', commitTime }: WriteOptions = {}): Buffer[] {
    let { id, checksum } = this.last
    return Array.from({ length: count }, () => {
      id += 1
      const time = commitTime ?? firstCommit + id * 1000
      const { kernelVersion } = this
      const commands = typeof body === 'string' ? Buffer.from(`${id} ${body}`) : body
      const spec = { id, kernelVersion, previousChecksum: checksum, body: commands, commitTime: time }
      const bytes = transactionBytes(spec)
      checksum = bytes.readUInt32LE(bytes.length - 4)
      return bytes
    })
  }

  /** Writes transactions. */
  write(count: number, options: WriteOptions = {}): this {
    for (const bytes of this.next(count, options)) {
      const id = this.last.id + 1
      appendFileSync(this.path(), bytes)
      const [start, end] = [this.size, this.size + bytes.length]
      const commitTime = options.commitTime ?? firstCommit + id * 1000
      const checksum = bytes.readUInt32LE(bytes.length - 4)
      this.transactions.push({ id, checksum, commitTime, logVersion: this.logVersion, start, end })
      this.size = end
    }
    return this
  }

  /** Goes on in a new file. */
  rotate(): this {
    this.#begin(this.logVersion + 1)
    return this
  }

  /** Removes the files before a version, the present one unless told. */
  prune(below = this.logVersion): this {
    for (const name of readdirSync(this.directory))
      if (name.startsWith('neostore') && Number(name.split('.').at(-1)) < below) rmSync(join(this.directory, name))
    return this
  }

  /** Says that the store holds all up to now. */
  checkpoint(): this {
    const { kernelVersion, logVersion, store } = this
    const { id, checksum, commitTime } = this.last
    const position = { logVersion, byteOffset: this.size }
    const bytes = checkpointLogBytes({ kernelVersion, position, transaction: { id, checksum, commitTime }, store })
    writeFileSync(join(this.directory, 'checkpoint.0'), bytes)
    return this
  }

  /** A copy in another data directory, cut behind a transaction as a restore or a loss of power does; it goes on by itself. */
  copyUpTo(id: number, dataDir: string): SyntheticLog {
    const { database, kernelVersion, store } = this
    const copy = new SyntheticLog(dataDir, { database, kernelVersion, store })
    cpSync(this.directory, copy.directory, { recursive: true })
    mkdirSync(join(dataDir, 'databases', database), { recursive: true })
    copy.transactions = this.transactions.filter((transaction) => transaction.id <= id)
    copy.#cut()
    return copy
  }

  /** Takes the place of another log, as a restored directory does that is moved where the old one was. */
  moveTo(other: SyntheticLog): SyntheticLog {
    rmSync(other.directory, { recursive: true })
    cpSync(this.directory, other.directory, { recursive: true })
    const moved = new SyntheticLog(other.dataDir, this)
    moved.transactions = [...this.transactions]
    moved.logVersion = this.logVersion
    moved.size = this.size
    return moved
  }

  /** Cuts the files in place behind a transaction. */
  cutBack(id: number): this {
    this.transactions = this.transactions.filter((transaction) => transaction.id <= id)
    this.#cut()
    return this
  }

  /** Changes a transaction in place, as a disk does that goes bad: a byte of it, or all of it to zeros. */
  damage(id: number, how: 'byte' | 'zeros' = 'byte'): this {
    const { logVersion, start, end } = this.at(id)
    const content = readFileSync(this.path(logVersion))
    if (how === 'zeros') content.fill(0, start, end)
    else content[start + 40]! ^= 1
    writeFileSync(this.path(logVersion), content)
    return this
  }

  /** The bytes of the log from one transaction to another in one file, with its header where they begin it. */
  slice(first: number, last: number): Buffer {
    const { logVersion, start } = this.at(first)
    return readFileSync(this.path(logVersion)).subarray(start === 128 ? 0 : start, this.at(last).end)
  }

  #cut(): void {
    const { logVersion, end } = this.transactions.at(-1)!
    for (const name of readdirSync(this.directory))
      if (name.startsWith('neostore') && Number(name.split('.').at(-1)) > logVersion) rmSync(join(this.directory, name))
    this.logVersion = logVersion
    this.size = end
    truncateSync(this.path(), end)
  }

  #begin(logVersion: number): void {
    this.logVersion = logVersion
    const { logFormat } = kernelVersions[this.kernelVersion]!
    const header = headerBytes({ format: logFormat, logVersion, lastIdBefore: this.last.id, store: this.store })
    writeFileSync(this.path(), header)
    this.size = header.length
  }
}
