import { HoldfastError } from '../core/errors.ts'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import { dataFileFailure } from '../neo4j/dataFileFailure.ts'
import { roughLogSize } from '../neo4j/liveLogSize.ts'
import type { ArchiverOptions, DatabaseArchiver } from './databaseArchiver.ts'
import { headroomOf } from './headroom.ts'

/** Milliseconds between two looks. */
const lookEvery = 30_000

/**
 * Tells while the archive of a database lags how soon that will cost something, whatever the reason: storage that fails, that is too slow,
 * or that does not answer at all, also from the start on, when nobody knows yet where the archive ends.
 */
export class HeadroomWatch {
  readonly #database: string
  readonly #options: ArchiverOptions
  #archiver: Pick<DatabaseArchiver, 'standing'> | undefined
  #upToDate: number

  constructor(database: string, options: ArchiverOptions) {
    this.#database = database
    this.#options = options
    this.#upToDate = options.clock.monotonic()
  }

  /** From now on that archiver says where the archive stands. */
  follow(archiver: Pick<DatabaseArchiver, 'standing'>): void {
    this.#archiver = archiver
  }

  /** All there is to archive is archived now. */
  noteUpToDate(): void {
    this.#upToDate = this.#options.clock.monotonic()
  }

  /** Looks from time to time until the signal is aborted. */
  async run(): Promise<void> {
    const { clock, signal } = this.#options
    while (!signal.aborted) {
      await clock.sleep(lookEvery, signal).catch(() => {})
      if (!signal.aborted && clock.monotonic() - this.#upToDate >= lookEvery) await this.#look()
    }
  }

  async #look(): Promise<void> {
    const { dataDir, retention, headroomAlert, clock, listener, signal } = this.#options
    const standing = this.#archiver?.standing
    try {
      const behind = await roughLogSize(logDirectory(dataDir, this.#database), standing?.place, signal)
      if (behind.bytes === 0) return
      const headroom = headroomOf(retention, behind, standing?.rate ?? 0, clock.now().getTime())
      if (headroom.seconds === null || headroom.seconds >= headroomAlert) return
      listener({
        database: this.#database,
        kind: 'headroom',
        headroom,
        behindBytes: behind.bytes,
        atMost: standing === undefined,
      })
    } catch (error) {
      if (signal.aborted) return
      // The log itself cannot be read, which the archiver tells, or could not be at this moment: it is looked again.
      if (!(dataFileFailure(error, dataDir) instanceof HoldfastError)) throw error
    }
  }
}
