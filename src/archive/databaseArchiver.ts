import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import { LogFollower, type LogPlace, type NewLog } from '../neo4j/logFollower.ts'
import type { LogRetention } from '../neo4j/logRetention.ts'
import type { Repository } from '../repository/repository.ts'
import { lineageEnds } from '../repository/lineageEnds.ts'
import { branchLineage, type SegmentName, segmentName } from '../repository/segmentName.ts'
import { verifiedSlice } from '../txlog/logSlice.ts'
import type { ArchiveListener } from './archiveEvent.ts'
import { describeFirstAgain } from './describeAgain.ts'
import { logRate, recent } from './headroom.ts'
import { type Located, locate } from './locate.ts'
import { standingOfOthers } from './otherDatabases.ts'
import { Tidying } from './tidying.ts'

export interface ArchiverOptions {
  repository: Repository
  dataDir: string
  /** Milliseconds between two segments at least, but for what is large. */
  interval: number
  /** How long Neo4j keeps its log, and from how little headroom on, in seconds, that is told. */
  retention: LogRetention
  headroomAlert: number
  clock: Clock
  listener: ArchiveListener
  signal: AbortSignal
}

/** Bytes of log that are shipped at once, however soon after the last segment. */
const soonFrom = 8 * 1024 * 1024
/** About how many bytes of log a segment has at most; a transaction is never cut. */
const segmentSize = 64 * 1024 * 1024

/** Archives the log of one database, from where the repository says it stands. */
export class DatabaseArchiver implements AsyncDisposable {
  readonly #database: string
  readonly #options: ArchiverOptions
  readonly #follower: LogFollower
  readonly #located: Located
  readonly #tidying: Tidying
  /** Those of the last hour. */
  #recent: SegmentName[]
  #lineage: string | undefined
  #isDescribed: boolean
  #lastShipped = Number.NEGATIVE_INFINITY

  private constructor(database: string, options: ArchiverOptions, located: Located) {
    this.#database = database
    this.#options = options
    this.#located = located
    this.#lineage = located.lineage
    this.#isDescribed = located.segments.length > 0
    this.#recent = recent(located.segments, options.clock.now().getTime())
    this.#tidying = new Tidying(database, options, located.segments)
    this.#follower = new LogFollower(logDirectory(options.dataDir, database), located.place, options.clock)
  }

  /** Finds the place; marks what is missing where Neo4j has pruned it. */
  static async begin(database: string, options: ArchiverOptions): Promise<DatabaseArchiver> {
    const located = await locate(options.repository, options.dataDir, database, options.signal)
    const archiver = new DatabaseArchiver(database, options, located)
    const { lineage, branch, gap, place, segments, described } = located
    if (lineage === located.root && segments.length > 0 && !described.includes(lineage))
      await describeFirstAgain(database, options, located)
    options.listener({ database, kind: 'begun', lineage, parent: branch?.parent, nextId: place.nextId })
    if (lineage !== undefined && gap) await archiver.#markGap(lineage, gap)
    return archiver
  }

  /**
   * Ships what is new, if anything is and it is time.
   * @returns whether something was shipped.
   * @throws LogReplacedError or LogGapError where this archiver cannot go on and a new one must find its place.
   */
  async step(): Promise<boolean> {
    const { interval, clock } = this.#options
    const found = await this.#follower.next(segmentSize)
    if (!found) return false
    const size = found.end - found.start
    if (size < soonFrom && clock.monotonic() - this.#lastShipped < interval) return false
    await this.#ship(found)
    return true
  }

  /** Where the archive ends in the log, and the rate at which it was written. */
  get standing(): { place: LogPlace; rate: number } {
    return { place: this.#follower.place, rate: logRate(this.#recent, this.#options.clock.now().getTime()) }
  }

  /**
   * Begins to merge small segments where there are enough and nothing is being merged; goes on beside the shipping, which it fails only
   * where the description of the lineage is gone.
   */
  tidy(): void {
    this.#tidying.begin()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tidying.end()
    await this.#follower[Symbol.asyncDispose]()
  }

  async #ship(found: NewLog): Promise<void> {
    const { repository, clock, listener, signal } = this.#options
    const began = clock.monotonic()
    const lineage = (this.#lineage ??= branchLineage(this.#located.root, found.firstTransaction))
    if (!this.#isDescribed) await this.#describe(lineage)
    this.#isDescribed = true
    const { logVersion, start, end, first, last, checksum, latest, previousChecksum } = found
    const segment = { lineage, logVersion, start, end, first, last, checksum, latest }
    const log = verifiedSlice(found, this.#follower.read(found), { name: segmentName(segment), previousChecksum })
    const isNew = await repository.archive.putSegment(segment, log, { signal })
    // Another archiver, or an attempt whose answer was lost, has stored it: it counts only if it is what it should be.
    if (!isNew) await repository.archive.verify(segment, { signal })
    await this.#follower.advance(found)
    this.#lastShipped = clock.monotonic()
    this.#recent = [...recent(this.#recent, clock.now().getTime()), segment]
    this.#tidying.noteShipped(segment)
    listener({ database: this.#database, kind: 'shipped', segment, milliseconds: this.#lastShipped - began })
  }

  async #describe(lineage: string): Promise<void> {
    const { repository, dataDir, clock, listener, signal } = this.#options
    const { root, storeId, branch, place } = this.#located
    const { nextId, previousChecksum: checksum } = place
    const origin = checksum === undefined ? {} : { origin: { id: nextId - 1, checksum } }
    const { segments } = await repository.archive.list({ root, signal })
    const besides = lineageEnds(segments).filter((end) => end.lineage !== lineage)
    const others = branch && { others: await standingOfOthers(repository, dataDir, this.#database, signal) }
    const created = clock.now().toISOString()
    const description = {
      id: lineage,
      database: this.#database,
      storeId,
      ...(branch ? { branch } : {}),
      ...origin,
      besides,
      ...others,
      created,
    }
    await repository.archive.putLineage(description, { signal })
    listener({
      database: this.#database,
      kind: 'lineage',
      lineage,
      isFirst: lineage === root,
      parent: branch?.parent,
      after: branch?.after,
    })
  }

  async #markGap(lineage: string, { first, last }: { first: number; last: number }): Promise<void> {
    const { repository, clock, listener, signal } = this.#options
    if (first > last) {
      throw new HoldfastError('integrity', `a gap from transaction ${first} to ${last} cannot be, and is not marked`, {
        hint: 'the log changed while it was looked at; the place is looked for once more',
      })
    }
    const before = this.#located.segments.at(-1)
    const after = before && { after: new Date(before.latest).toISOString() }
    await repository.archive.putGap({ lineage, first, last, ...after, found: clock.now().toISOString() }, { signal })
    listener({ database: this.#database, kind: 'gap', lineage, first, last })
  }
}
