import { integrityError } from '../core/errors.ts'
import { findTransaction, liveTransactions, newestTransaction, placeBehind } from '../neo4j/liveLog.ts'
import type { LogPlace } from '../neo4j/logFollower.ts'
import type { StoredSegment } from '../repository/archive.ts'
import type { Repository } from '../repository/repository.ts'

/** Where the live log left a lineage. */
export interface BranchPoint {
  parent: string
  /** Id of the last transaction that is in both. */
  after: number
  /** Behind that transaction in the live log. */
  place: LogPlace
}

/**
 * Finds the last transaction that a log has in common with what is archived: same id, same checksum.
 * @returns undefined where the log reaches back to none.
 */
export async function findBranchPoint(
  repository: Repository,
  directory: string,
  segments: readonly StoredSegment[],
  signal: AbortSignal,
): Promise<BranchPoint | undefined> {
  const newest = await newestTransaction(directory)
  let best: BranchPoint | undefined
  for (const lineage of new Set(segments.map((segment) => segment.lineage))) {
    const own = segments.filter((segment) => segment.lineage === lineage && segment.first <= newest)
    const point = await lastInCommon(repository, directory, own, signal)
    if (point && (!best || point.after > best.after)) best = { parent: lineage, ...point }
  }
  return best
}

async function lastInCommon(
  repository: Repository,
  directory: string,
  segments: readonly StoredSegment[],
  signal: AbortSignal,
): Promise<Omit<BranchPoint, 'parent'> | undefined> {
  // Segments that end alike are followed by the one in which the two part.
  const newestFirst = segments.toSorted((a, b) => b.last - a.last || b.first - a.first)
  for (const segment of newestFirst) {
    const end = await findTransaction(directory, segment.last)
    const place = placeBehind(end, segment.checksum)
    if (place) return { after: segment.last, place }
    // What is older has been pruned as well.
    if (end.at === 'pruned' || end.at === 'edge') return undefined
    // Where it is damaged, the log parts from what is archived before it: nothing of it could be restored anyway.
    const common = await commonWithin(repository, directory, segment, signal).catch(unlessDamaged)
    if (!common) continue
    const branch = placeBehind(await findTransaction(directory, common.id), common.checksum)
    return branch && { after: common.id, place: branch }
  }
  return undefined
}

function unlessDamaged(error: unknown): undefined {
  integrityError(error)
}

/** The last transaction of a segment that the live log has too. */
async function commonWithin(
  repository: Repository,
  directory: string,
  segment: StoredSegment,
  signal: AbortSignal,
): Promise<{ id: number; checksum: number } | undefined> {
  const archived = new Map<number, number>()
  await repository.archive.verify(segment, { signal, onTransaction: ({ id, checksum }) => archived.set(id, checksum) })
  let common: { id: number; checksum: number } | undefined
  for await (const { transactions } of liveTransactions(directory, segment.first)) {
    for (const { id, checksum } of transactions) {
      if (id > segment.last || archived.get(id) !== checksum) return common
      common = { id, checksum }
    }
  }
  return common
}
