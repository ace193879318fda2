import { ifDamaged } from '../core/errors.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage } from '../repository/segmentName.ts'
import { type BackedUp, isMadeBefore } from './backedUp.ts'
import type { Compared } from './historyEnds.ts'
import type { Replay } from './replay.ts'
import { wantedUpTo } from './replayOn.ts'

/** Backups of the same store that end behind what is restored, but up to the point, and that no lineage goes through. */
export async function backupsBeyond(
  { database, to }: Replay,
  { storeId }: ManifestDatabase,
  { history, manifests, point }: Pick<Compared, 'history' | 'manifests' | 'point'>,
): Promise<BackedUp[]> {
  const wanted = wantedUpTo(point)
  const found: BackedUp[] = []
  for (const manifest of manifests) {
    for (const base of manifest.databases) {
      const isSame = base.name === database && rootLineage(base.storeId) === rootLineage(storeId)
      const { id, commitTime } = base.lastTransaction
      if (!isSame || id <= to.id || !wanted({ id, commitTime: Date.parse(commitTime) })) continue
      // Where damage leaves it open, it may be a history of its own.
      if (!(await isArchived(history, base).catch(ifDamaged(false)))) found.push({ manifest, base })
    }
  }
  return found
}

/** Whether the last transaction of a backup is in a lineage. */
export async function isArchived(history: ArchivedHistory, base: ManifestDatabase): Promise<boolean> {
  for (const lineage of history.lineagesOf(base))
    if (await history.goesThrough(history.chain(lineage), base.lastTransaction)) return true
  return false
}

/** Whether a backup is of what a lineage left: its clock and that of the database both say so. */
export function isOlderThanBranch(
  history: ArchivedHistory,
  { manifest, base }: BackedUp,
  lineage: string,
  to: Replay['to'],
): boolean {
  return isMadeBefore(history, manifest, lineage) && base.lastTransaction.commitTime <= to.commitTime
}
