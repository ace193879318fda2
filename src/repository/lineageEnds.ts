import type { SegmentName } from './segmentName.ts'

/** The last archived transaction of a lineage. */
export interface LineageEnd {
  lineage: string
  last: number
}

/** Where the lineages end that segments belong to. */
export function lineageEnds(segments: readonly Pick<SegmentName, 'lineage' | 'last'>[]): LineageEnd[] {
  const ends = new Map<string, number>()
  for (const { lineage, last } of segments) ends.set(lineage, Math.max(last, ends.get(lineage) ?? 0))
  return [...ends].map(([lineage, last]) => ({ lineage, last }))
}
