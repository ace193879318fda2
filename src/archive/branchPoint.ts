import { ifDamaged } from '../core/errors.ts'
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
  const lineages = Map.groupBy(segments, ({ lineage }) => lineage)
  let best: BranchPoint | undefined
  for (const [parent, own] of lineages) {
    const old = own.filter(({ first }) => first <= newest)
    const point = await lastInCommon(repository, directory, old, signal)
    if (point && (!best || point.after > best.after)) best = { parent, ...point }
  }
  for (const [parent, own] of lineages) {
    const after = own.reduce((first, segment) => Math.min(first, segment.first), Number.POSITIVE_INFINITY) - 1
    if (after > newest || (best && after <= best.after)) continue
    const place = await placeBehindOrigin(repository, directory, { lineage: parent, id: after }, signal)
    if (place) best = { parent, after, place }
  }
  return best
}

/** Where the live log goes on behind the transaction before the first one that is archived of a lineage, if it has that one at least. */
async function placeBehindOrigin(
  repository: Repository,
  directory: string,
  { lineage, id }: { lineage: string; id: number },
  signal: AbortSignal,
): Promise<LogPlace | undefined> {
  const description = await repository.archive.readLineage(lineage, { signal }).catch(ifDamaged(undefined))
  // Where a delete has freed what came before, it is about another transaction.
  if (description?.origin?.id !== id) return undefined
  return placeBehind(await findTransaction(directory, id), description.origin.checksum)
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
    const common = await commonWithin(repository, directory, segment, signal).catch(ifDamaged(undefined))
    if (!common) continue
    const branch = placeBehind(await findTransaction(directory, common.id), common.checksum)
    return branch && { after: common.id, place: branch }
  }
  return undefined
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
