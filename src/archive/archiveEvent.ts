import type { HoldfastError } from '../core/errors.ts'
import type { SegmentName } from '../repository/segmentName.ts'
import type { Headroom } from './headroom.ts'

/** What an archiver tells its listeners; they cannot change what it does. */
export type ArchiveEvent =
  /** There is no database yet, or it cannot be seen which there are: it is looked again from time to time. */
  { kind: 'waiting'; database?: undefined; reason: string; hint: string | undefined } | DatabaseEvent

/** What it tells of one database. */
type DatabaseEvent = { database: string } &
  /** It was not there yet when the archiver began. */
  (
    | { kind: 'appeared' }
    /** It goes on with a lineage from a transaction on, or leaves `parent` there where that is known. */
    | { kind: 'begun'; lineage: string | undefined; parent: string | undefined; nextId: number }
    | { kind: 'shipped'; segment: SegmentName; milliseconds: number }
    | { kind: 'merged'; segment: SegmentName; parts: number }
    /** Small segments could not be merged, told once for as long as the reason stays the same. It is tried again; shipping goes on meanwhile. */
    | { kind: 'unmerged'; error: HoldfastError }
    /** A lineage began: the first of a store, or one that branches off another one where that is known. */
    | { kind: 'lineage'; lineage: string; isFirst: boolean; parent: string | undefined; after: number | undefined }
    /** The description of a store's first lineage was not there any more, and was put again. */
    | { kind: 'described'; lineage: string }
    | { kind: 'gap'; lineage: string; first: number; last: number }
    /** A step failed and is tried again after so many milliseconds. */
    | { kind: 'failed'; error: HoldfastError; retryIn: number }
    | { kind: 'recovered' }
    /** Neo4j may soon prune log that is not archived: so many bytes, or at most so many where the repository has not been read yet. */
    | { kind: 'headroom'; headroom: Headroom; behindBytes: number; atMost: boolean }
  )

export type ArchiveListener = (event: ArchiveEvent) => void
