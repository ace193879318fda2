import type { SegmentName } from './segmentName.ts'

/** The last archived transaction of a lineage. */
export interface LineageEnd {
  lineage: string
  last: number
}

/** Where the lineages end that segments belong to, but for one of them. */
export function endsBeside(lineage: string, segments: readonly Pick<SegmentName, 'lineage' | 'last'>[]): LineageEnd[] {
  const ends = new Map<string, number>()
  for (const segment of segments)
    if (segment.lineage !== lineage) ends.set(segment.lineage, Math.max(segment.last, ends.get(segment.lineage) ?? 0))
  return [...ends].map(([id, last]) => ({ lineage: id, last }))
}
