import type { ArchiveListing, StoredSegment } from './archive.ts'
import type { Lineage } from './lineage.ts'

/** A segment as a part of a chain: its transactions from its first up to `upTo`, where the chain may leave its lineage. */
export interface Link {
  segment: StoredSegment
  upTo: number
}

/** All transactions of a lineage and of those that it branched off, as links that may overlap and may leave gaps, by their first transaction. */
export function chainOf(lineage: string, { segments }: ArchiveListing, lineages: ReadonlyMap<string, Lineage>): Link[] {
  const links: Link[] = []
  let upTo = Number.POSITIVE_INFINITY
  const seen = new Set<string>()
  for (let id: string | undefined = lineage; id !== undefined && !seen.has(id);) {
    seen.add(id)
    for (const segment of segments)
      if (segment.lineage === id && segment.first <= upTo) links.push({ segment, upTo: Math.min(segment.last, upTo) })
    const branch: Lineage['branch'] = lineages.get(id)?.branch
    upTo = Math.min(upTo, branch?.after ?? upTo)
    id = branch?.parent
  }
  return links.toSorted((a, b) => a.segment.first - b.segment.first || b.upTo - a.upTo)
}

/**
 * The links that hold the transactions behind `after` without a gap, as few as can be and as far as they reach.
 * @param links by their first transaction, as `chainOf` gives them.
 */
export function coverFrom(links: readonly Link[], after: number): Link[] {
  const cover: Link[] = []
  let next = after + 1
  let best: Link | undefined
  for (const link of links) {
    if (best && link.segment.first > next) {
      cover.push(best)
      next = best.upTo + 1
      best = undefined
    }
    if (link.segment.first > next) break
    if (link.upTo >= next && (!best || link.upTo > best.upTo)) best = link
  }
  if (best) cover.push(best)
  return cover
}
