import { HoldfastError } from '../core/errors.ts'
import type { SegmentName } from './segmentName.ts'

/**
 * A segment that does not tell of the same log as another one of its lineage, which ends with the same transaction; undefined where there is
 * none. Two servers of which one is a copy of the other, and which went on each in its own way, can be archived as one lineage.
 */
export function partingOf(segments: readonly SegmentName[]): SegmentName | undefined {
  const ends = new Map<string, number>()
  for (const segment of segments) {
    const place = `${segment.lineage} ${segment.last}`
    const known = ends.get(place)
    if (known !== undefined && known !== segment.checksum) return segment
    ends.set(place, segment.checksum)
  }
  return undefined
}

/** Makes sure that segments tell of one history. @throws HoldfastError `integrity` */
export function requireOneHistory(segments: readonly SegmentName[]): void {
  const parting = partingOf(segments)
  if (parting) throw twoHistories(parting)
}

/** The error for a segment that does not tell of the same log as another one of its lineage. */
export function twoHistories({ lineage, first, last }: SegmentName): HoldfastError {
  return new HoldfastError(
    'integrity',
    `lineage ${lineage} holds two different histories at transaction ${last}: the logs of two servers were archived as one`,
    { hint: `restore to before it, such as --before-tx ${first}, and have only one of the servers archived to this repository` },
  )
}
