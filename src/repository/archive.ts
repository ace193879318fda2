import type { StorageOptions } from '../storage/storage.ts'
import { ObjectExistsError, ObjectMissingError } from '../storage/storageErrors.ts'
import { type SliceOptions, verifiedSlice } from '../txlog/logSlice.ts'
import type { Access } from './access.ts'
import { type Gap, type Lineage, putGap, putLineage, readGap, readLineage } from './lineage.ts'
import { encodeSegment, readSegment } from './segment.ts'
import { archivePrefix, lineageOfName, parseGapName, parseSegmentName, type SegmentName, segmentName } from './segmentName.ts'

/** A segment that is in the repository. */
export interface StoredSegment extends SegmentName {
  /** Bytes of the object. */
  stored: number
}

/** All that is archived, as a listing shows it. */
export interface ArchiveListing {
  /** In the order of lineages, and in each of first transactions. */
  segments: StoredSegment[]
  lineages: string[]
  gaps: Pick<Gap, 'lineage' | 'first' | 'last'>[]
}

interface ListOptions extends StorageOptions {
  /** The store whose lineages are listed; all of them unless given. */
  root?: string
  /** Whether log may be left out that is being merged meanwhile, as one listing may do. */
  once?: boolean
}

/** How archived log is read: see `verifiedSlice`. */
export type LogOptions = StorageOptions & Omit<SliceOptions, 'name'>

/** The archive of transaction logs in a repository. */
export interface Archive {
  /** Lists what there is, and leaves out no log that was there before. A segment that is removed meanwhile may be listed still. */
  list(options?: ListOptions): Promise<ArchiveListing>
  /**
   * Stores a segment. Its name is a function of its log, so where it is there already, it is the same.
   * @returns whether it had to be stored.
   */
  putSegment(segment: SegmentName, log: AsyncIterable<Buffer>, options?: StorageOptions): Promise<boolean>
  /** The log in a segment, or in one that it was merged into meanwhile, each transaction verified on the way; see `verifiedSlice`. */
  readLog(segment: SegmentName, options?: LogOptions): AsyncGenerator<Buffer, void, undefined>
  /** Reads and verifies all of a segment. @throws ObjectMissingError, or HoldfastError `integrity` where it is not what its name says. */
  verify(segment: SegmentName, options?: LogOptions): Promise<void>
  deleteSegment(segment: SegmentName, options?: StorageOptions): Promise<void>
  /** @returns whether it had to be stored. */
  putLineage(lineage: Lineage, options?: StorageOptions): Promise<boolean>
  readLineage(id: string, options?: StorageOptions): Promise<Lineage>
  putGap(gap: Gap, options?: StorageOptions): Promise<void>
  readGap(gap: Pick<Gap, 'lineage' | 'first' | 'last'>, options?: StorageOptions): Promise<Gap>
}

/** The archive in an opened repository. */
export function archiveOf(access: Access): Archive {
  const { storage } = access
  const readLog: Archive['readLog'] = (segment, { previousChecksum, onTransaction, ...options } = {}) =>
    verifiedSlice(segment, readWhereItIs(access, segment, options), {
      name: segmentName(segment),
      previousChecksum,
      ...(onTransaction ? { onTransaction } : {}),
    })
  return {
    list: async ({ root = '', once = false, ...options } = {}) =>
      once ? listOnce(access, `${archivePrefix}${root}`, options) : listAll(access, `${archivePrefix}${root}`, options),
    putSegment: async (segment, log, options) => {
      try {
        await storage.put(segmentName(segment), encodeSegment(access, segment, log), options)
        return true
      } catch (error) {
        if (error instanceof ObjectExistsError) return false
        throw error
      }
    },
    readLog,
    verify: async (segment, options) => {
      for await (const _ of readLog(segment, options)) options?.signal?.throwIfAborted()
    },
    deleteSegment: async (segment, options) => storage.delete(segmentName(segment), options),
    putLineage: async (lineage, options) => putLineage(access, lineage, options),
    readLineage: async (id, options) => readLineage(access, id, options),
    putGap: async (gap, options) => putGap(access, gap, options),
    readGap: async (gap, options) => readGap(access, gap, options),
  }
}

async function* readWhereItIs(
  access: Access,
  segment: SegmentName,
  options: StorageOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  let begun = false
  try {
    for await (const chunk of readSegment(access, segment, options)) {
      begun = true
      yield chunk
    }
  } catch (error) {
    if (begun || !(error instanceof ObjectMissingError)) throw error
    const { segments } = await listAll(access, `${archivePrefix}${segment.lineage}/`, options)
    const whole = segments.find((other) => holds(other, segment) && sizeOf(other) > sizeOf(segment))
    if (!whole) throw error
    yield* partOf(readWhereItIs(access, whole, options), segment.start - whole.start, segment.end - whole.start)
  }
}

/** Whether the log of a segment is a part of that of another one, by their names. */
export function holds(whole: SegmentName, { lineage, logVersion, first, last, start, end }: SegmentName): boolean {
  const isThere = whole.first <= first && last <= whole.last && whole.start <= start && end <= whole.end
  return isThere && whole.logVersion === logVersion && whole.lineage === lineage
}

function sizeOf({ start, end }: SegmentName): number {
  return end - start
}

/** Some of the bytes of a stream, which is read to its end so that all of it is verified. */
async function* partOf(chunks: AsyncIterable<Buffer>, from: number, to: number): AsyncGenerator<Buffer, void, undefined> {
  let position = 0
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, from - position), Math.max(0, to - position))
    if (part.length > 0) yield part
    position += chunk.length
  }
}

/** So many listings at most: whoever deletes backups removes segments for minutes. */
const mostListings = 5

/**
 * Lists until nothing has vanished from one listing to the next. A listing is not of one moment: beside a merge it may pass the place of the
 * whole before that is stored, and those of the parts when they are gone. But a part is removed only when the whole was stored and read
 * back, so a listing that begins after one that missed both shows the whole, unless that vanished in turn.
 */
async function listAll(access: Access, prefix: string, options: StorageOptions): Promise<ArchiveListing> {
  let before = await listOnce(access, prefix, options)
  for (let listings = 2; ; listings++) {
    const listing = await listOnce(access, prefix, options)
    const names = new Set(listing.segments.map(segmentName))
    const vanished = before.segments.filter((segment) => !names.has(segmentName(segment)))
    if (vanished.length === 0) return listing
    if (listings === mostListings) return { ...listing, segments: [...listing.segments, ...vanished].toSorted(byName) }
    before = listing
  }
}

function byName(a: SegmentName, b: SegmentName): number {
  return segmentName(a) < segmentName(b) ? -1 : 1
}

async function listOnce({ storage }: Access, prefix: string, options: StorageOptions): Promise<ArchiveListing> {
  const listing: ArchiveListing = { segments: [], lineages: [], gaps: [] }
  for await (const { name, size } of storage.list(prefix, options)) {
    const segment = parseSegmentName(name)
    const lineage = lineageOfName(name)
    const gap = parseGapName(name)
    if (segment) listing.segments.push({ ...segment, stored: size })
    else if (lineage !== undefined) listing.lineages.push(lineage)
    else if (gap) listing.gaps.push(gap)
  }
  return listing
}
