import type { ArchiveEvent } from '../archive/archiveEvent.ts'
import type { ArchiverOptions } from '../archive/databaseArchiver.ts'
import { runArchiver } from '../archive/runArchiver.ts'
import { createBackup } from '../backup/createBackup.ts'
import { HoldfastError } from '../core/errors.ts'
import { silent } from '../core/progress.ts'
import { dataFileFailure } from '../neo4j/dataFileFailure.ts'
import type { Graph } from '../neo4j/graph.ts'
import { wentBackMargin } from '../recovery/wentBack.ts'
import type { ArchivingPlace } from './archivingPlace.ts'
import { hasBase } from './neededBase.ts'
import { ReadBack } from './readBack.ts'

interface ServiceOptions extends ArchiverOptions {
  /** Whether to take a backup where there is none to build on. */
  takeBases: boolean
  /** Bytes a second that such a backup reads at most; what is archived is never held back. */
  maxRate?: number | undefined
  /** The server, where it answers. */
  graph: () => Promise<Graph | undefined>
  warn: (message: string) => void
}

/** Milliseconds until a backup that failed is tried again. */
const retryIn = 10_000

/** Milliseconds after which it is looked again whether there is a backup to build on, once something was shipped: a look lists the repository. */
const lookEvery = 3_600_000

/**
 * Archives the log, and takes a backup whenever the archive has none to build on, or none that shows that the database has gone back, which is
 * looked for when archiving begins, a minute after it has gone back, and about once an hour while something is shipped.
 */
export async function runArchiveService(options: ServiceOptions): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const bases = new NeededBases({ ...options, signal })
  const listener = (event: ArchiveEvent): void => {
    options.listener(event)
    if (event.kind === 'begun') {
      const { database, lineage, parent, nextId } = event
      bases.begin({ database, along: lineage ?? parent, nextId, hasBranched: lineage === undefined })
    }
    if (event.kind === 'shipped') {
      const { lineage, last } = event.segment
      bases.forgetBranch(event.database)
      bases.lookAgain({ database: event.database, along: lineage, nextId: last + 1, hasBranched: false })
    }
  }
  const running = [runArchiver({ ...options, signal, listener }), ...(options.takeBases ? [bases.run()] : [])]
  try {
    await Promise.all(running)
  } finally {
    ended.abort()
    await Promise.allSettled(running)
  }
}

/** Takes a backup where the archive goes on at a place that none leads to, or that nothing shows to be the present. */
class NeededBases {
  readonly #options: ServiceOptions
  readonly #readBack: ReadBack
  /** Where archiving has begun and a backup may be needed, by database. */
  #places = new Map<string, ArchivingPlace>()
  /** Those that have left what was archived, and have not been looked at a second time, by database. */
  readonly #branched = new Map<string, ArchivingPlace>()
  /** When that was asked for last, by database. */
  readonly #looked = new Map<string, number>()
  #wake = Promise.withResolvers<void>()

  constructor(options: ServiceOptions) {
    this.#options = options
    this.#readBack = new ReadBack(options.warn)
    options.signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
  }

  begin(place: ArchivingPlace): void {
    if (place.hasBranched) this.#branched.set(place.database, place)
    else this.#branched.delete(place.database)
    this.#look(place)
  }

  #look(place: ArchivingPlace): void {
    this.#places.set(place.database, place)
    this.#looked.set(place.database, this.#options.clock.monotonic())
    this.#wake.resolve()
  }

  /** Looks where it was not looked for long: the last backup that leads there may have been deleted meanwhile, or damaged. */
  lookAgain(place: ArchivingPlace): void {
    const looked = this.#looked.get(place.database) ?? Number.NEGATIVE_INFINITY
    if (this.#options.clock.monotonic() - looked >= lookEvery) this.#look(place)
  }

  /** What is archived from here on tells it. */
  forgetBranch(database: string): void {
    this.#branched.delete(database)
  }

  /**
   * A backup that was begun soon after what was undone had been committed does not show yet that it was: a restore trusts no clock that far. No
   * third look follows: where another server goes on in what was left, none would be the last.
   */
  async #lookOnceMore(place: ArchivingPlace): Promise<void> {
    const { clock, signal } = this.#options
    await clock.sleep(wentBackMargin + 1000, signal).catch(() => {})
    const isPresent = this.#branched.get(place.database) === place
    if (!isPresent || signal.aborted) return
    this.#branched.delete(place.database)
    if (!this.#places.has(place.database)) this.#look(place)
  }

  async run(): Promise<void> {
    const { signal, clock, warn } = this.#options
    for (;;) {
      if (!signal.aborted) await this.#wake.promise
      if (signal.aborted) return
      this.#wake = Promise.withResolvers()
      const places = this.#places
      this.#places = new Map()
      try {
        if (await this.#lacksBase(places)) {
          await this.#take()
          for (const place of this.#branched.values()) void this.#lookOnceMore(place)
        }
      } catch (caught) {
        if (signal.aborted) return
        const error = dataFileFailure(caught, this.#options.dataDir)
        if (!(error instanceof HoldfastError)) throw error
        warn(`the backup that the archive needs was not made, and is tried again: ${error.message}`)
        await clock.sleep(retryIn, signal).catch(() => {})
        this.#places = new Map([...places, ...this.#places])
        this.#wake.resolve()
      }
    }
  }

  /** @throws what kept it from looking at a place, unless another one lacks a backup anyway, which is one of all databases. */
  async #lacksBase(places: ReadonlyMap<string, ArchivingPlace>): Promise<boolean> {
    const { repository, dataDir, clock, warn, signal } = this.#options
    const options = { readBack: this.#readBack, clock, warn, signal }
    const failures: unknown[] = []
    for (const place of places.values()) {
      try {
        if (!(await hasBase(repository, dataDir, place, options))) return true
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
    return false
  }

  async #take(): Promise<void> {
    const { repository, dataDir, maxRate, clock, signal, warn, graph: connect } = this.#options
    await using graph = await connect()
    await createBackup({ repository, dataDir, graph, maxRate, label: 'archive', clock, progress: silent, signal, warn })
  }
}
