import { setTimeout as delay } from 'node:timers/promises'
import neo4j, { type Driver } from 'neo4j-driver'
import { transactionOfBookmark } from '../../src/neo4j/bookmark.ts'

/** A marker that a client wrote, or tried to write; times in milliseconds since 1970. */
export interface Note {
  client: number
  /** Each is used once, also where a write failed. */
  number: number
  sent: number
  /** Undefined where no answer came: it may be there or not. */
  acknowledged?: number
  /** The id of its transaction or of a later one that had been committed too, as the server's answer says. */
  transaction?: number
}

/** Several clients that write nodes `(:Marker {key})`, one a transaction, and note when each was sent and acknowledged. */
export class MarkerClients implements AsyncDisposable {
  readonly notes: Note[] = []
  readonly #pace: number
  readonly #text: string
  readonly #clients: Promise<void>[]
  readonly #stop = new AbortController()
  #next: number
  #server = Promise.withResolvers<Driver>()
  #failure: unknown
  #waiting: { count: number; resolve: () => void }[] = []

  /**
   * @param pace milliseconds between two writes of one client
   * @param first the first of their numbers, which nobody else may use in one database
   */
  constructor({ clients, pace, size = 300, first = 0 }: { clients: number; pace: number; size?: number; first?: number }) {
    this.#pace = pace
    this.#next = first
    this.#text = 'x'.repeat(size)
    this.#clients = Array.from({ length: clients }, async (_, client) => this.#write(client))
  }

  /** Lets the clients write to a server that has been started. */
  resume(driver: Driver): void {
    this.#server.resolve(driver)
  }

  /** Lets the clients wait for the next server before they begin another write; whoever takes a server away says so first. */
  pause(): void {
    this.#server = Promise.withResolvers()
  }

  /** Waits for so many more acknowledgements. @throws what a client failed with, other than a lost server. */
  async advance(by: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ count: this.acknowledged.length + by, resolve })
    await promise
    if (this.#failure !== undefined) throw this.#failure
  }

  get acknowledged(): Required<Note>[] {
    return this.notes.filter((note): note is Required<Note> => note.transaction !== undefined)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#server.resolve(neo4j.driver('bolt://127.0.0.1:1'))
    await Promise.all(this.#clients)
    if (this.#failure !== undefined) throw this.#failure
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #write(client: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const driver = await this.#server.promise
      if (this.#stop.signal.aborted) return
      const note: Note = { client, number: this.#next++, sent: Date.now() }
      this.notes.push(note)
      try {
        note.transaction = await create(driver, keyOf(note), this.#text)
        note.acknowledged = Date.now()
        this.#tell()
      } catch (error) {
        if (!isLost(error)) this.#fail(error)
      }
      await delay(this.#pace * (0.5 + Math.random()), undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#stop.abort()
    for (const { resolve } of this.#waiting) resolve()
  }

  #tell(): void {
    const count = this.acknowledged.length
    for (const waiting of this.#waiting) if (waiting.count <= count) waiting.resolve()
    this.#waiting = this.#waiting.filter((waiting) => waiting.count > count)
  }
}

/** A driver that tells whole numbers from others. */
export function openDriver(uri: string): Driver {
  return neo4j.driver(uri, undefined, { useBigInt: true, telemetryDisabled: true, maxTransactionRetryTime: 0 })
}

/** The name of a marker in the database. */
export function keyOf({ client, number }: Pick<Note, 'client' | 'number'>): string {
  return `${client}/${number}`
}

/** The markers that a database holds. */
export async function readMarkers(driver: Driver): Promise<Set<string>> {
  const { records } = await driver.executeQuery('MATCH (m:Marker) RETURN m.key AS key')
  return new Set(records.map((record) => String(record.get('key'))))
}

async function create(driver: Driver, key: string, text: string): Promise<number> {
  const session = driver.session()
  try {
    await session.run('CREATE (:Marker {key: $key, text: $text})', { key, text })
    return Number(transactionOfBookmark(session.lastBookmarks()[0] ?? ''))
  } finally {
    await session.close()
  }
}

function isLost(error: unknown): boolean {
  const { code } = error as { code?: string }
  return code !== undefined && /ServiceUnavailable|SessionExpired|TransientError|DatabaseUnavailable|DatabaseNotFound/.test(code)
}
