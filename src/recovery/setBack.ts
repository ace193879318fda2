import { ifDamaged } from '../core/errors.ts'
import { coverFrom } from '../repository/archiveChain.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { type BackedUp, backupsOf } from './backedUp.ts'
import type { Leader } from './leader.ts'
import type { Replay } from './replay.ts'
import type { RestorePoint } from './restorePoint.ts'
import { wasCommittedBy, wentBack } from './wentBack.ts'

/** A database that follows the leader to a point, and the backups that may tell of it. */
export interface Following {
  history: ArchivedHistory
  manifests: readonly Manifest[]
  base: ManifestDatabase
  leader: Leader
  point: RestorePoint
}

/** Where a database is to stop, and why, for the operator. */
interface SetBack {
  upTo: number
  doubt: string
}

/**
 * Where a database that follows had gone back to by its newest backup of up to the point. It may have written nothing since, so that the
 * archive still ends with what was undone. A clock that was wrong looks the same, so it is told.
 */
export async function whereSetBack(
  replay: Replay & { lineage: string },
  { history, manifests, base, leader, point }: Following,
): Promise<SetBack | undefined> {
  const { database, lineage, from, to } = replay
  // The backup that log is put on tells what it had not got, whenever it was made.
  const isAsked = (manifest: Manifest): boolean =>
    point.kind !== 'time' || manifest === leader.manifest || Date.parse(manifest.timing.started) <= point.time.getTime()
  const isThrough = async (backup: BackedUp): Promise<boolean> =>
    (await history.goesThrough(history.chain(lineage), backup.base.lastTransaction)) &&
    (await isOfLeader(history, backup.manifest, leader))
  const found = await wentBack(replay, base, manifests.filter(isAsked), async (backup) =>
    isThrough(backup).catch(ifDamaged(true)),
  )
  if (!found) return undefined
  const { id, timing } = found.manifest
  const { lastTransaction } = found.base
  const end = lastTransaction.id < from.id ? from : lastTransaction
  const left = end.id < to.id ? `what is archived behind that, up to transaction ${to.id} of ${to.commitTime}, is left out: ` : ''
  const doubt = `${database} ends with transaction ${end.id} of ${end.commitTime}; ${left}backup ${id}, which was begun later, at ${timing.started}, ends with transaction ${lastTransaction.id}, so a restore had given up what comes behind that, or one of the clocks was wrong`
  return { upTo: end.id, doubt }
}

/** Whether a backup is of the history that the leader is restored to, not of a copy that had stayed behind, such as a trial. */
async function isOfLeader(history: ArchivedHistory, manifest: Manifest, { replay, base }: Leader): Promise<boolean> {
  const [backup] = backupsOf([manifest], base.name, base)
  if (!backup || replay.lineage === undefined) return true
  const { lastTransaction } = backup.base
  const links = history.chain(replay.lineage)
  if (!(await history.goesThrough(links, lastTransaction))) return false
  const [next] = coverFrom(links, lastTransaction.id)
  return !next || !wasCommittedBy(await history.latestOn({ ...next, upTo: lastTransaction.id + 1 }), manifest)
}
