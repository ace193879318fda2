import { HoldfastError } from '../core/errors.ts'
import { ancestry, type Link, chainOf, linkAt } from './archiveChain.ts'
import type { ArchiveListing, StoredSegment } from './archive.ts'
import type { Lineage } from './lineage.ts'
import type { ManifestDatabase } from './manifest.ts'
import { type Described, describe, unreadable } from './describedLineages.ts'
import { partingOf } from './oneHistory.ts'
import type { Repository } from './repository.ts'
import { rootLineage, rootOf, segmentName } from './segmentName.ts'
import type { Transaction } from '../txlog/transaction.ts'

type SegmentRange = Pick<StoredSegment, 'lineage' | 'first' | 'last'>

/** The last transaction of a backup. */
type EndOfLog = Pick<ManifestDatabase['lastTransaction'], 'id' | 'checksum'>

/** A database by its store, whatever was restored under its name. */
interface Stored {
  storeId: Pick<ManifestDatabase['storeId'], 'creationTime' | 'random'>
}

/** How a lineage stands among those of its store. */
export interface Standing {
  lineage: string
  /** When its newest transaction was committed, milliseconds since 1970. */
  latest: number
  /** The same, but never later than that of the lineages for which it was left: a clock may have been ahead. */
  standing: number
  /** Its place among the lineages of the store, in the order of `lineagesOf`. */
  rank: number
}

/** The order in which lineages are followed, where none is named: the latest history first, a lineage before those that were left for it. */
export function byStanding(a: Omit<Standing, 'lineage'>, b: Omit<Standing, 'lineage'>): number {
  return b.standing - a.standing || a.rank - b.rank
}

/** What is archived of all databases, as one listing and the descriptions of its lineages say. */
export class ArchivedHistory {
  readonly #repository: Repository
  readonly #listing: ArchiveListing
  readonly lineages: ReadonlyMap<string, Lineage>
  /** Lineages whose description is damaged or gone, and why; they are not followed. */
  readonly damaged: ReadonlyMap<string, HoldfastError>
  readonly #signal: AbortSignal
  /** When the newest transaction of each lineage was committed, milliseconds since 1970. */
  readonly #latest = new Map<string, number>()
  /** The last transaction of each lineage. */
  readonly #last = new Map<string, number>()
  readonly #chains = new Map<string, Link[]>()
  /** By a store's first lineage: all of them, in the order of `lineagesOf`. */
  readonly #sorted = new Map<string, string[]>()
  /** By lineage and last transaction: the segments that end with it. */
  readonly #ends = new Map<string, Map<number, StoredSegment[]>>()
  /** What segments were read for, and what they told. */
  readonly #told = new Map<string, Promise<number | undefined>>()

  private constructor(repository: Repository, listing: ArchiveListing, { lineages, damaged }: Described, signal: AbortSignal) {
    this.#repository = repository
    this.#listing = listing
    this.lineages = lineages
    this.damaged = damaged
    this.#signal = signal
    for (const segment of listing.segments) {
      const { lineage, latest, last } = segment
      this.#latest.set(lineage, Math.max(latest, this.latestOf(lineage)))
      this.#last.set(lineage, Math.max(last, this.lastOf(lineage)))
      const ends = this.#ends.get(lineage) ?? new Map<number, StoredSegment[]>()
      this.#ends.set(lineage, ends.set(last, [...(ends.get(last) ?? []), segment]))
    }
  }

  /** Lists the archive, and reads what its lineages are. */
  static async read(repository: Repository, signal: AbortSignal): Promise<ArchivedHistory> {
    const listing = await repository.archive.list({ signal })
    return new ArchivedHistory(repository, listing, await describe(repository, listing, signal), signal)
  }

  get segments(): readonly StoredSegment[] {
    return this.#listing.segments
  }

  get gaps(): ArchiveListing['gaps'] {
    return this.#listing.gaps
  }

  /** The lineages of a database's store, the one with the latest transaction first, but each before those that were left for it. */
  lineagesOf({ storeId }: Stored): readonly string[] {
    const root = rootLineage(storeId)
    const known = this.#sorted.get(root)
    if (known) return known
    const rest = new Set([...this.lineages.keys()].filter((id) => rootOf(id) === root))
    const sorted: string[] = []
    while (rest.size > 0) {
      const ends = [...rest].filter((id) => ![...rest].some((other) => this.wasLeftFor(other, id)))
      // Descriptions that name each other in a circle have no end.
      const [next] = (ends.length > 0 ? ends : [...rest]).toSorted((a, b) => this.latestOf(b) - this.latestOf(a))
      sorted.push(next!)
      rest.delete(next!)
    }
    this.#sorted.set(root, sorted)
    return sorted
  }

  /** How the lineages of a database's store stand to each other. */
  standingsOf(store: Stored): Standing[] {
    const lineages = this.lineagesOf(store)
    const standings = new Map<string, number>()
    return lineages.map((lineage, rank) => {
      // Those that it was left for come before it.
      const heirs = lineages.filter((other) => this.wasLeftFor(other, lineage))
      const left = heirs.map((heir) => standings.get(heir) ?? Number.POSITIVE_INFINITY)
      const latest = this.latestOf(lineage)
      const standing = Math.min(latest, left.length === 0 ? latest : Math.max(...left))
      standings.set(lineage, standing)
      return { lineage, latest, standing, rank }
    })
  }

  /** The lineages of a database's store of which nothing says that they were left: more than one where servers went on side by side. */
  presentOf(store: Stored): string[] {
    const lineages = this.lineagesOf(store)
    return lineages.filter((id) => this.lastOf(id) > 0 && !lineages.some((other) => this.wasLeftFor(other, id)))
  }

  /** A lineage that one was left for; undefined where none is known. */
  heirOf(store: Stored, lineage: string): string | undefined {
    return this.lineagesOf(store).find((other) => other !== lineage && this.wasLeftFor(other, lineage))
  }

  /** Id of the last transaction that two lineages have in common, 0 where that is not known. */
  commonUpTo(one: string, other: string): number {
    const ends = ancestry(other, this.lineages)
    const common = [...ancestry(one, this.lineages)].map(([id, upTo]) => Math.min(upTo, ends.get(id) ?? 0))
    return Math.max(...common)
  }

  /**
   * Whether a lineage still ends where another one saw it end when it began. No clock is asked: what goes on after the other one has
   * begun is a history of its own. One that does not say what it saw is believed to have been the end of its parent.
   */
  wasLeftFor(heir: string, lineage: string): boolean {
    const { besides, branch } = this.lineages.get(heir) ?? {}
    if (this.lastOf(heir) === 0) return false
    if (!besides) return branch?.parent === lineage
    return besides.some((seen) => seen.lineage === lineage && this.lastOf(lineage) <= seen.last)
  }

  /** Id of the last transaction of a lineage that is archived, 0 where none is. */
  lastOf(lineage: string): number {
    return this.#last.get(lineage) ?? 0
  }

  /** When the newest transaction of a lineage was committed, milliseconds since 1970. */
  latestOf(lineage: string): number {
    return this.#latest.get(lineage) ?? 0
  }

  /**
   * Makes sure that no lineage whose description is damaged goes on later than a moment, milliseconds since 1970: it would have to be followed.
   * One of which nothing is archived leads nowhere.
   * @param store the database whose lineages matter; those of all databases unless given
   * @throws HoldfastError `integrity`
   */
  requireReadable(store: Stored | undefined, later = Number.NEGATIVE_INFINITY): void {
    for (const [id, error] of this.damaged) {
      const matters = store === undefined || rootOf(id) === rootLineage(store.storeId)
      if (matters && this.lastOf(id) > 0 && this.latestOf(id) > later) throw unreadable(id, error)
    }
  }

  /** Makes sure that one lineage can be followed. @throws HoldfastError `integrity` where its description is damaged. */
  requireFollowable(lineage: string): void {
    const error = this.damaged.get(lineage)
    if (error) throw unreadable(lineage, error)
  }

  /** Whether a segment or the marker of a gap tells of transactions behind that one in a lineage. */
  knowsBehind(lineage: string, id: number): boolean {
    const ends = ancestry(lineage, this.lineages)
    const isBehind = ({ lineage: own, first, last }: SegmentRange): boolean => {
      const upTo = ends.get(own) ?? 0
      return first <= upTo && Math.min(last, upTo) > id
    }
    return this.segments.some(isBehind) || this.gaps.some(isBehind)
  }

  /** Whether a lineage is the store's first, or leads back to it. */
  isRooted(lineage: string): boolean {
    return ancestry(lineage, this.lineages).has(rootOf(lineage))
  }

  /** The links of a lineage, with those of the lineages it branched off. */
  chain(lineage: string): readonly Link[] {
    const chain = this.#chains.get(lineage) ?? chainOf(lineage, this.#listing, this.lineages)
    this.#chains.set(lineage, chain)
    return chain
  }

  /** Whether a lineage has a transaction of that id, and its store no other one of it in any lineage, as the names of segments say. */
  isOnlyHistoryAt(lineage: string, store: Stored, id: number): boolean {
    const upToIt = (of: string): Link[] => this.chain(of).filter(({ segment }) => segment.first <= id)
    const owners = (of: string): string[] => upToIt(of).flatMap(({ segment, upTo }) => (id <= upTo ? [segment.lineage] : []))
    if (owners(lineage).length === 0 || new Set(this.lineagesOf(store).flatMap(owners)).size > 1) return false
    return partingOf(upToIt(lineage).map(({ segment }) => segment)) === undefined
  }

  /**
   * Whether a chain goes through the last transaction of a backup, or begins right behind it.
   * @throws HoldfastError `integrity` where that takes a segment that is damaged.
   */
  async goesThrough(links: readonly Link[], { id, checksum }: EndOfLog): Promise<boolean> {
    const link = linkAt(links, id)
    if (!link) return this.#beginsBehind(links, { id, checksum })
    if (link.segment.last === id) return link.segment.checksum === checksum
    const found = await this.#ask(link, `checksum of ${id}`, (transaction) =>
      transaction.id === id ? transaction.checksum : undefined,
    )
    return found === checksum
  }

  /**
   * When the newest of a link's transactions was committed, milliseconds since 1970; its segment is read where the link ends within it.
   * @throws HoldfastError `integrity`
   */
  async latestOn(link: Link): Promise<number> {
    const { segment, upTo } = link
    if (upTo === segment.last) return segment.latest
    const latest = await this.#ask(link, `latest up to ${upTo}`, ({ id, commitTime }, before = commitTime) =>
      id <= upTo ? Math.max(before, commitTime) : before,
    )
    return latest ?? segment.latest
  }

  /**
   * Reads and verifies all of a link's segment.
   * @returns the segment of another history in the same lineage that begins first of those that end within this one: from somewhere in it
   * on one of the two is the log of another server.
   * @throws HoldfastError `integrity`
   */
  async read(link: Link, onTransaction: (transaction: Transaction) => void): Promise<StoredSegment | undefined> {
    const { segment } = link
    let parting: StoredSegment | undefined
    await this.#repository.archive.verify(segment, {
      signal: this.#signal,
      onTransaction: (transaction) => {
        const other = this.partingAt(segment.lineage, transaction)
        if (other && other.first < (parting?.first ?? Number.POSITIVE_INFINITY)) parting = other
        onTransaction(transaction)
      },
    })
    return parting
  }

  /** A segment of a lineage that ends with another transaction of that id than this one; undefined where there is none. */
  partingAt(lineage: string, { id, checksum }: EndOfLog): StoredSegment | undefined {
    return this.#ends
      .get(lineage)
      ?.get(id)
      ?.find((segment) => segment.checksum !== checksum)
  }

  /** What cannot be told is not so: a log without a chain of checksums could be that of another lineage. */
  async #beginsBehind(links: readonly Link[], { id, checksum }: EndOfLog): Promise<boolean> {
    const link = links.find(({ segment }) => segment.first === id + 1)
    if (!link) return false
    const { origin } = this.lineages.get(link.segment.lineage) ?? {}
    if (origin?.id === id) return origin.checksum === checksum
    const named = await this.#ask(link, `checksum before ${id + 1}`, (transaction) =>
      transaction.id === id + 1 ? transaction.previousChecksum : undefined,
    )
    return named === checksum
  }

  /**
   * What the transactions of a link's segment tell, each given what those before it told. It is read but once for each question: all
   * backups of a database are compared with all of its lineages, again and again.
   */
  async #ask(
    link: Link,
    question: string,
    tell: (transaction: Transaction, before: number | undefined) => number | undefined,
  ): Promise<number | undefined> {
    const key = `${segmentName(link.segment)}: ${question}`
    const read = async (): Promise<number | undefined> => {
      let told: number | undefined
      await this.read(link, (transaction) => (told = tell(transaction, told) ?? told))
      return told
    }
    const told = this.#told.get(key) ?? read()
    this.#told.set(key, told)
    return told
  }
}
