import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import { LogFollower, type LogPlace, type NewLog } from '../neo4j/logFollower.ts'
import type { LogRetention } from '../neo4j/logRetention.ts'
import { partingOf } from '../repository/oneHistory.ts'
import type { Repository } from '../repository/repository.ts'
import { branchLineage, type SegmentName, segmentName } from '../repository/segmentName.ts'
import { verifiedSlice } from '../txlog/logSlice.ts'
import type { ArchiveListener } from './archiveEvent.ts'
import { logRate } from './headroom.ts'
import { type Located, locate } from './locate.ts'
import { planMerge, redundant } from './mergePlan.ts'
import { mergeSegments } from './mergeSegments.ts'

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
  #segments: SegmentName[]
  #lineage: string | undefined
  readonly #left: { segment: SegmentName; by: SegmentName }[]
  /** Otherwise nothing is merged: the parts of one could be taken for those of the other. */
  readonly #isOneHistory: boolean
  #tidying: Promise<unknown> | undefined
  /** Whether there may be something to merge: planning looks at all segments, and nothing else changes while the database is idle. */
  #untidy = true
  #failure: unknown
  #lastShipped = Number.NEGATIVE_INFINITY

  private constructor(database: string, options: ArchiverOptions, located: Located) {
    this.#database = database
    this.#options = options
    this.#located = located
    this.#lineage = located.lineage
    this.#segments = located.segments
    this.#left = redundant(located.segments)
    this.#isOneHistory = partingOf(located.segments) === undefined
    this.#follower = new LogFollower(logDirectory(options.dataDir, database), located.place, options.clock)
  }

  /** Finds the place; marks what is missing where Neo4j has pruned it. */
  static async begin(database: string, options: ArchiverOptions): Promise<DatabaseArchiver> {
    const located = await locate(options.repository, options.dataDir, database, options.signal)
    const archiver = new DatabaseArchiver(database, options, located)
    const { lineage, branch, gap, place } = located
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
    if (this.#failure !== undefined) throw this.#failure
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
    return { place: this.#follower.place, rate: logRate(this.#segments, this.#options.clock.now().getTime()) }
  }

  /** Begins to merge small segments where there are enough and nothing is being merged; goes on beside the shipping. */
  tidy(): void {
    if (!this.#untidy || !this.#isOneHistory || this.#tidying || this.#failure !== undefined) return
    const [left] = this.#left
    const parts = left ? undefined : planMerge(this.#segments)
    this.#untidy = left !== undefined || parts !== undefined
    if (!this.#untidy) return
    const work = left ? this.#remove(left) : this.#merge(parts!)
    this.#tidying = work.catch((error: unknown) => (this.#failure = error)).finally(() => (this.#tidying = undefined))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tidying
    await this.#follower[Symbol.asyncDispose]()
  }

  async #merge(parts: SegmentName[]): Promise<void> {
    const { repository, signal, listener } = this.#options
    const merged = await mergeSegments(repository, parts, signal)
    const at = this.#segments.indexOf(parts[0]!)
    this.#segments = this.#segments.filter((segment) => !parts.includes(segment)).toSpliced(at, 0, merged)
    listener({ database: this.#database, kind: 'merged', segment: merged, parts: parts.length })
  }

  /** What a merge that was killed has left, once it is certain that the merged segment is sound and holds that very log. */
  async #remove({ segment, by }: { segment: SegmentName; by: SegmentName }): Promise<void> {
    const { repository, signal } = this.#options
    let held: number | undefined
    await repository.archive.verify(by, {
      signal,
      onTransaction: ({ id, checksum }) => {
        if (id === segment.last) held = checksum
      },
    })
    this.#left.shift()
    // Another server's log, archived as this one's, has the same ids.
    if (held !== segment.checksum) return
    await repository.archive.deleteSegment(segment, { signal })
    this.#segments = this.#segments.filter((other) => other !== segment)
  }

  async #ship(found: NewLog): Promise<void> {
    const { repository, clock, listener, signal } = this.#options
    const began = clock.monotonic()
    const lineage = (this.#lineage ??= branchLineage(this.#located.root, found.firstTransaction))
    if (this.#segments.length === 0) await this.#describe(lineage)
    const { logVersion, start, end, first, last, checksum, latest, previousChecksum } = found
    const segment = { lineage, logVersion, start, end, first, last, checksum, latest }
    const log = verifiedSlice(found, this.#follower.read(found), { name: segmentName(segment), previousChecksum })
    const isNew = await repository.archive.putSegment(segment, log, { signal })
    // Another archiver, or an attempt whose answer was lost, has stored it: it counts only if it is what it should be.
    if (!isNew) await repository.archive.verify(segment, { signal })
    await this.#follower.advance(found)
    this.#lastShipped = clock.monotonic()
    this.#segments.push(segment)
    this.#untidy = true
    listener({ database: this.#database, kind: 'shipped', segment, milliseconds: this.#lastShipped - began })
  }

  async #describe(lineage: string): Promise<void> {
    const { repository, clock, listener, signal } = this.#options
    const { root, storeId, branch, place } = this.#located
    const { nextId, previousChecksum: checksum } = place
    const origin = checksum === undefined ? {} : { origin: { id: nextId - 1, checksum } }
    const store = { creationTime: String(storeId.creationTime), random: storeId.random }
    const created = clock.now().toISOString()
    const description = {
      id: lineage,
      database: this.#database,
      storeId: store,
      ...(branch ? { branch } : {}),
      ...origin,
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
    const before = this.#segments.at(-1)
    const after = before && { after: new Date(before.latest).toISOString() }
    await repository.archive.putGap({ lineage, first, last, ...after, found: clock.now().toISOString() }, { signal })
    listener({ database: this.#database, kind: 'gap', lineage, first, last })
  }
}
