import type { LogRetention } from '../neo4j/logRetention.ts'
import type { SegmentName } from '../repository/segmentName.ts'

/** How much more Neo4j may write before it prunes log that is not archived; null where nothing limits it. */
export interface Headroom {
  bytes: number | null
  /** The sooner of both: at the rate of the last hour, or by age. */
  seconds: number | null
}

const hour = 3_600_000

/**
 * Works out the headroom of a log.
 * @param behind bytes that are not archived, and when the oldest of them was committed, milliseconds since 1970
 * @param archived bytes of log of the last hour that are archived, by second
 */
export function headroomOf(
  { size, time }: LogRetention,
  behind: { bytes: number; since: number | undefined },
  archived: number,
  now: number,
): Headroom {
  const age = now - (behind.since ?? now)
  // What is not archived was written, too: where nothing has been archived for an hour it is all that tells.
  const rate = archived + behind.bytes / (Math.max(hour, age) / 1000)
  const bytes = size === null ? null : Math.max(0, size - behind.bytes)
  const bySize = bytes === null || rate === 0 ? null : bytes / rate
  const byTime = time === null ? null : Math.max(0, time - age) / 1000
  const limits = [bySize, byTime].filter((limit) => limit !== null)
  return { bytes, seconds: limits.length === 0 ? null : Math.round(Math.min(...limits)) }
}

/** Bytes of log a second in the last hour, as what was archived of it tells. */
export function logRate(segments: readonly SegmentName[], now: number): number {
  return recent(segments, now).reduce((sum, { start, end }) => sum + end - start, 0) / (hour / 1000)
}

/** The segments that hold log of the last hour. */
export function recent(segments: readonly SegmentName[], now: number): SegmentName[] {
  return segments.filter(({ latest }) => latest > now - hour)
}
