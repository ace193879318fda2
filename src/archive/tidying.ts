import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import { holds } from '../repository/archive.ts'
import { requireOneHistory } from '../repository/oneHistory.ts'
import type { Repository } from '../repository/repository.ts'
import { type SegmentName, segmentName } from '../repository/segmentName.ts'
import type { ArchiveListener } from './archiveEvent.ts'
import { fanIn, type Merge, nextMerge } from './mergePlan.ts'
import { removeMerged, storeMerged } from './mergeSegments.ts'

interface TidyingOptions {
  repository: Repository
  clock: Clock
  listener: ArchiveListener
  signal: AbortSignal
}

/** Milliseconds until what failed is tried again, doubled from the first to the second: a try may read and store a whole merged segment. */
const backoff = { first: 10_000, longest: 3_600_000 }

/** What could not be done, and when it is tried again. */
interface Failure {
  /** What cannot be read, without which the rest is merged; undefined where nothing can be merged. */
  segment: SegmentName | undefined
  message: string
  wait: number
  until: number
}

/** The description of the lineage that is archived in is gone: a new archiver puts it again, or begins a new lineage. */
export class DescriptionGoneError extends HoldfastError {
  constructor(lineage: string) {
    super('integrity', `the description of lineage ${lineage} is gone`)
  }
}

/**
 * Merges the small segments of a lineage beside the shipping, which goes on whatever fails here but for a description that is gone. What
 * there is to merge is what the repository lists at that moment, and nothing is merged where it lists two histories: the parts of one could
 * be taken for those of the other.
 */
export class Tidying {
  readonly #database: string
  readonly #options: TidyingOptions
  #lineage: string | undefined
  /** Whether there may be something to merge: nothing is listed while the database is idle. */
  #isUntidy: boolean
  /** Segments that were shipped since it was looked last. */
  #shipped = 0
  #running: Promise<void> | undefined
  /** By the name of the segment, or the empty name where it concerns all of them. */
  readonly #failures = new Map<string, Failure>()
  /** An error that ends the archiver. */
  #broken: unknown

  /** @param segments what was just listed of the lineage */
  constructor(database: string, options: TidyingOptions, segments: readonly SegmentName[]) {
    this.#database = database
    this.#options = options
    this.#lineage = segments[0]?.lineage
    this.#isUntidy = nextMerge(segments) !== undefined
  }

  /** A segment was stored, which may be merged sooner or later. */
  noteShipped({ lineage }: SegmentName): void {
    this.#lineage = lineage
    this.#shipped += 1
  }

  /** Begins with the next merge where it is time and none is under way. @throws what nobody has foreseen, DescriptionGoneError */
  begin(): void {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#running || !this.#isDue()) return
    this.#running = this.#mergeNext().finally(() => (this.#running = undefined))
  }

  /** Waits for the merge that is under way. */
  async end(): Promise<void> {
    await this.#running
  }

  #isDue(): boolean {
    const waiting = this.#waiting()
    if (waiting.some(({ segment }) => segment === undefined)) return false
    return this.#isUntidy || this.#shipped >= fanIn || waiting.length < this.#failures.size
  }

  #waiting(): Failure[] {
    const now = this.#options.clock.monotonic()
    return [...this.#failures.values()].filter(({ until }) => until > now)
  }

  async #mergeNext(): Promise<void> {
    const { repository, signal, listener } = this.#options
    let read: SegmentName | undefined
    const onRead = (segment: SegmentName | undefined): void => void (read = segment)
    try {
      const merge = await this.#look()
      if (!merge) return
      const { whole, parts } = merge
      if (!merge.isStored) await storeMerged(repository, merge, { onRead, signal })
      await removeMerged(repository, merge, { onRead, signal })
      for (const [name, { segment }] of this.#failures) if (!segment || holds(whole, segment)) this.#failures.delete(name)
      listener({ database: this.#database, kind: 'merged', segment: whole, parts: parts.length })
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof HoldfastError) || error instanceof DescriptionGoneError) this.#broken = error
      else this.#wait(error, error.code === 'integrity' ? read : undefined)
    }
  }

  /** What there is to merge now, but for what has failed and waits. */
  async #look(): Promise<Merge | undefined> {
    const { repository, signal } = this.#options
    this.#shipped = 0
    const waiting = this.#waiting()
    // What it may leave out, as another archiver merges it, is not to be merged now.
    const lineage = this.#lineage!
    const { segments, lineages } = await repository.archive.list({ root: lineage, once: true, signal })
    if (!lineages.includes(lineage)) throw new DescriptionGoneError(lineage)
    const own = segments.filter((segment) => segment.lineage === lineage)
    requireOneHistory(own)
    const merge = nextMerge(own.filter((part) => !waiting.some(({ segment }) => segment && holds(segment, part))))
    this.#isUntidy = merge !== undefined
    // What has failed is nothing to be merged any more.
    if (!merge) for (const [name, failure] of this.#failures) if (!waiting.includes(failure)) this.#failures.delete(name)
    return merge
  }

  #wait(error: HoldfastError, segment: SegmentName | undefined): void {
    const { clock, listener } = this.#options
    const { message } = error
    const name = segment ? segmentName(segment) : ''
    const known = this.#failures.get(name)
    const wait = Math.min(backoff.longest, Math.max(backoff.first, (known?.wait ?? 0) * 2))
    this.#failures.set(name, { segment, message, wait, until: clock.monotonic() + wait })
    if (message !== known?.message) listener({ database: this.#database, kind: 'unmerged', error })
  }
}
