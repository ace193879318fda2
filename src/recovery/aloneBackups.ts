import { ifDamaged } from '../core/errors.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { type BackedUp, backupsOf, isMadeBefore } from './backedUp.ts'
import type { Compared } from './historyEnds.ts'
import type { Replay } from './replay.ts'
import { wantedUpTo } from './replayOn.ts'

/** Backups of the same store that end behind what is restored, but up to the point, and that no lineage goes through. */
export async function backupsBeyond(
  { database, to }: Replay,
  base: ManifestDatabase,
  { history, manifests, point }: Pick<Compared, 'history' | 'manifests' | 'point'>,
): Promise<BackedUp[]> {
  const wanted = wantedUpTo(point)
  const found: BackedUp[] = []
  for (const backup of backupsOf(manifests, database, base)) {
    const { id, commitTime } = backup.base.lastTransaction
    if (id <= to.id || !wanted({ id, commitTime: Date.parse(commitTime) })) continue
    // Where damage leaves it open, it may be a history of its own.
    if (!(await isArchived(history, backup.base).catch(ifDamaged(false)))) found.push(backup)
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
