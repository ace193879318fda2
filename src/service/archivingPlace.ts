import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { BackedUp } from '../recovery/backedUp.ts'
import { wasCommittedBy } from '../recovery/wentBack.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'

/** Where the archiving of a database goes on: behind what is archived of a lineage, where one is known. */
export interface ArchivingPlace {
  database: string
  /** The lineage that leads there. */
  along: string | undefined
  nextId: number
  /** Whether the log has left what is archived there: a lineage of its own begins with the next transaction. */
  hasBranched: boolean
}

/** Where a log left what is archived of its store. */
export interface Branch {
  /** The last transaction in common; undefined where that is not known. */
  after: number | undefined
  /** The lineage that began there; undefined where nothing of it is archived yet. */
  lineage: string | undefined
}

/** Where the log left what is archived, or its lineage left another one; undefined where neither is known. */
export function branchBefore(history: ArchivedHistory, { along, nextId, hasBranched }: ArchivingPlace): Branch | undefined {
  if (hasBranched) return { after: along === undefined ? undefined : nextId - 1, lineage: undefined }
  const branch = along === undefined ? undefined : history.lineages.get(along)?.branch
  return branch && { after: branch.after, lineage: along }
}

/**
 * Whether a backup on the way of a log shows that this left what is archived: it ends behind the branch, or at it though what is archived
 * behind it had certainly been committed when it was begun, as a restore asks it of a backup.
 */
export function showsBranch(
  history: ArchivedHistory,
  { manifest, base: { storeId, lastTransaction } }: BackedUp,
  { after, lineage }: Branch,
  now: Date,
): boolean {
  const { id } = lastTransaction
  if (after !== undefined && id !== after) return id > after
  const left = history.segments.filter(
    (segment) => rootOf(segment.lineage) === rootLineage(storeId) && segment.lineage !== lineage && segment.last > id,
  )
  const latest = left.reduce((time, segment) => Math.max(time, segment.latest), 0)
  // Where a clock was ahead, a backup that is made now shows no more.
  return wasCommittedBy(latest, manifest) || latest > now.getTime()
}
