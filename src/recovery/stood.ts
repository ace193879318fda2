import { ancestry } from '../repository/archiveChain.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { OtherDatabase } from '../repository/lineage.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage } from '../repository/segmentName.ts'
import { type Leader, lineageOf } from './leader.ts'

/** Where another database stood when the leader began a lineage behind that transaction. */
export interface Stood extends OtherDatabase {
  lineage: string
  after: number
  /** Whether the leader began another one since, of which this is not known. */
  isOlder: boolean
}

/** Where another database stood when the leader began the lineage it is restored to, or an older one; undefined where neither is known. */
export function whereItStood(history: ArchivedHistory, { storeId }: ManifestDatabase, leader: Leader): Stood | undefined {
  const lineage = lineageOf(history, leader)
  if (lineage === undefined) return undefined
  const { lineages } = history
  const root = rootLineage(storeId)
  let isOlder = false
  for (const id of ancestry(lineage, lineages).keys()) {
    const { branch, others } = lineages.get(id) ?? {}
    if (!branch || branch.after > leader.replay.to.id || isBefore(history, id, leader)) continue
    const stood = others?.find((other) => other.root === root)
    if (stood) return { ...stood, lineage: id, after: branch.after, isOlder }
    isOlder = true
  }
  return undefined
}

/** Whether the point is certainly of before a lineage began that the leader takes nothing of: something that was left for it was committed later. */
function isBefore(history: ArchivedHistory, lineage: string, { replay: { to }, point }: Leader): boolean {
  const { branch, besides = [], others = [] } = history.lineages.get(lineage) ?? {}
  if (branch?.after !== to.id || point.kind === 'latest') return false
  if (point.kind === 'transaction') return true
  const left = [...besides, ...others.flatMap(({ ends }) => ends)].filter((end) => history.lastOf(end.lineage) <= end.last)
  return left.some((end) => history.latestOf(end.lineage) >= point.time.getTime())
}

/**
 * Where another database stood, behind which the leader's restore gave up what is archived of it; undefined where the backup is of later
 * already, and its own end tells.
 */
export function stoodIfEarlier(
  { lastTransaction: { id } }: ManifestDatabase,
  { base }: Leader,
  stood: Stood | undefined,
): Stood | undefined {
  if (!stood) return undefined
  const isLater = base.lastTransaction.id > stood.after && id > stood.last.id
  return isLater ? undefined : stood
}

/** Whether a lineage was archived further than the database stood then. */
export function isLeftAt({ last, ends }: OtherDatabase, lineage: string | undefined): boolean {
  return ends.some((end) => end.lineage === lineage && end.last > last.id)
}
