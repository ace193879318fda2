import type { ArchiveListing, StoredSegment } from './archive.ts'
import type { Lineage } from './lineage.ts'

/** A segment as a part of a chain: its transactions from its first up to `upTo`, where the chain may leave its lineage. */
export interface Link {
  segment: StoredSegment
  upTo: number
}

/** A lineage and those that it branched off, each with the last transaction that they have in common. */
export function ancestry(lineage: string, lineages: ReadonlyMap<string, Lineage>): Map<string, number> {
  const ends = new Map<string, number>()
  let upTo = Number.POSITIVE_INFINITY
  for (let id: string | undefined = lineage; id !== undefined && !ends.has(id);) {
    ends.set(id, upTo)
    const branch: Lineage['branch'] = lineages.get(id)?.branch
    upTo = Math.min(upTo, branch?.after ?? upTo)
    id = branch?.parent
  }
  return ends
}

/** All transactions of a lineage and of those that it branched off, as links that may overlap and may leave gaps, by their first transaction. */
export function chainOf(lineage: string, { segments }: ArchiveListing, lineages: ReadonlyMap<string, Lineage>): Link[] {
  const ends = ancestry(lineage, lineages)
  const links = segments.flatMap((segment) => {
    const upTo = ends.get(segment.lineage) ?? 0
    return segment.first <= upTo ? [{ segment, upTo: Math.min(segment.last, upTo) }] : []
  })
  return links.toSorted((a, b) => a.segment.first - b.segment.first || b.upTo - a.upTo)
}

/** The link that has a transaction; undefined where none has. */
export function linkAt(links: readonly Link[], id: number): Link | undefined {
  return links.find(({ segment, upTo }) => segment.first <= id && id <= upTo)
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
