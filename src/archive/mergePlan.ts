import { holds } from '../repository/archive.ts'
import { type SegmentName, segmentName } from '../repository/segmentName.ts'

const kibibyte = 1024
const mebibyte = 1024 * kibibyte

/** Segments of fewer bytes of log than this are merged with others of their kind, so that a day leaves hundreds of objects and not 86,400. */
const classes = [4 * kibibyte, 256 * kibibyte, 16 * mebibyte]
/** Bytes of log in a merged segment at most. */
const largest = 64 * mebibyte
/** So many neighbours are merged at once, or as many as make a largest one; each byte is thus stored again about once for each class. */
export const fanIn = 60
/** So many are enough where no more can come to them. */
const fewest = 8

/** Segments that become one. */
export interface Merge {
  whole: SegmentName
  parts: SegmentName[]
  /** Whether the whole is there already, and the parts are what a merge left that was killed. */
  isStored: boolean
}

/** The merge to do next among the segments of a lineage. Undefined where there is nothing to do yet. */
export function nextMerge(segments: readonly SegmentName[]): Merge | undefined {
  const [left, ...others] = redundant(segments)
  if (left) {
    const rest = others.filter(({ by }) => by === left.by)
    return { whole: left.by, parts: [left, ...rest].map(({ segment }) => segment), isStored: true }
  }
  const parts = planMerge(segments)
  return parts && { whole: mergedName(parts), parts, isStored: false }
}

/** The segments to merge next: neighbours in one log file. Undefined where there is nothing to do yet. */
export function planMerge<Segment extends SegmentName>(segments: readonly Segment[]): Segment[] | undefined {
  for (const [index, limit] of classes.entries()) {
    for (const { run, isClosed } of neighbours(segments, limit)) {
      const ripe = isClosed ? run : withoutSmaller(run, classes[index - 1] ?? 0)
      const parts = upTo(ripe, largest)
      if (parts.length >= (isClosed ? fewest : fanIn) || parts.length < ripe.length) return parts
    }
  }
  return undefined
}

/** Merges some neighbours into the one segment that their log is. */
export function mergedName(segments: readonly SegmentName[]): SegmentName {
  const [first, last] = [segments[0]!, segments.at(-1)!]
  const { lineage, logVersion, start } = first
  return {
    lineage,
    logVersion,
    start,
    end: last.end,
    first: first.first,
    last: last.last,
    checksum: last.checksum,
    latest: Math.max(...segments.map(({ latest }) => latest)),
  }
}

/** Segments of one lineage that a larger one holds too, with that one: what a merge that was killed left. */
export function redundant<Segment extends SegmentName>(segments: readonly Segment[]): { segment: Segment; by: Segment }[] {
  const found: { segment: Segment; by: Segment }[] = []
  let widest: Segment | undefined
  for (const segment of segments.toSorted((a, b) => a.first - b.first || b.last - a.last)) {
    // A listing may name an object twice.
    if (widest && segmentName(widest) === segmentName(segment)) continue
    if (widest && holds(widest, segment)) found.push({ segment, by: widest })
    else if (!widest || segment.last > widest.last) widest = segment
  }
  return found
}

/** Neighbours of fewer bytes than `limit`. */
interface Run<Segment> {
  run: Segment[]
  /** Whether no more can come to it: a larger one is next, or their log file has ended. */
  isClosed: boolean
}

function* neighbours<Segment extends SegmentName>(segments: readonly Segment[], limit: number): Generator<Run<Segment>> {
  let run: Segment[] = []
  for (const segment of segments) {
    const before = run.at(-1)
    const isSameLog = before?.logVersion === segment.logVersion && before.lineage === segment.lineage
    const joins = isSameLog && before.end === segment.start
    if (!joins || size(segment) >= limit) {
      const hasEnded = before?.lineage === segment.lineage && before.logVersion < segment.logVersion
      if (run.length > 1) yield { run, isClosed: joins || hasEnded }
      run = []
    }
    if (size(segment) < limit) run.push(segment)
  }
  if (run.length > 1) yield { run, isClosed: false }
}

/** Leaves out the smaller ones at the end: as long as more of them come, they are merged among themselves, or with each few of them all would be stored again. */
function withoutSmaller<Segment extends SegmentName>(run: readonly Segment[], least: number): Segment[] {
  return run.slice(0, run.findLastIndex((segment) => size(segment) >= least) + 1)
}

function upTo<Segment extends SegmentName>(run: readonly Segment[], limit: number): Segment[] {
  let total = 0
  return run.filter((segment) => (total += size(segment)) <= limit)
}

function size({ start, end }: SegmentName): number {
  return end - start
}
