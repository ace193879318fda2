import { integrityError } from '../core/errors.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { findReplay, type Replay, replayNothing, type Wanted } from './replay.ts'
import type { RestorePoint } from './restorePoint.ts'

/**
 * How far a lineage takes a backup towards a point.
 * @param cut the last transaction that is followed, whatever the point is
 * @returns undefined where it does not go through the backup.
 */
export async function replayOn(
  history: ArchivedHistory,
  base: ManifestDatabase,
  lineage: string | undefined,
  point: RestorePoint,
  cut = Number.POSITIVE_INFINITY,
): Promise<Replay | undefined> {
  if (lineage === undefined) return replayNothing(base)
  const links = history.chain(lineage)
  const { id } = base.lastTransaction
  // The backup is all it takes: log that is damaged hinders nothing, but may hide that the backup is of another history.
  const isAll = point.kind === 'transaction' && point.id === id && history.isOnlyHistoryAt(lineage, base, id)
  const doubts: string[] = []
  const goesThrough = await history.goesThrough(links, base.lastTransaction).catch((error: unknown) => {
    const { message } = integrityError(error)
    if (!isAll) throw error
    doubts.push(
      `${base.name} ends with transaction ${id}, as a backup does; whether that is the one of lineage ${lineage} nobody can tell: ${message}`,
    )
    return true
  })
  if (!goesThrough) return undefined
  if (isAll) return { ...replayNothing(base), lineage, doubts }
  // What is behind the transaction wanted is not read: it may be damaged.
  const upTo = point.kind === 'transaction' ? Math.min(point.id, cut) : cut
  const needed = links.filter(({ segment }) => segment.first <= upTo)
  const wanted = wantedUpTo(point)
  return findReplay(history, base, {
    lineage,
    links: needed,
    wanted: (transaction) => transaction.id <= cut && wanted(transaction),
  })
}

/** Whether a transaction belongs to what is restored to a point. */
export function wantedUpTo(point: RestorePoint): Wanted {
  switch (point.kind) {
    case 'latest':
      return () => true
    case 'time':
      return ({ commitTime }) => commitTime <= point.time.getTime()
    case 'transaction':
      return ({ id }) => id <= point.id
  }
}
