import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage } from '../repository/segmentName.ts'
import type { Replay } from './replay.ts'
import type { RestorePoint } from './restorePoint.ts'

/** What is known besides the replay itself. */
export interface Known {
  history: ArchivedHistory
  manifests: readonly Manifest[]
  /** Whether somebody chose the lineage, though another one may go on further. */
  chosen: boolean
}

/**
 * Whether it is certain that a replay holds all that was committed up to the point. For a moment that takes something later: a transaction
 * that was committed after it, or a backup that was begun after it and still ends like the replay. That nothing later is archived
 * says nothing, as an archiver may lag.
 */
export function isReached(replay: Replay, point: RestorePoint, base: ManifestDatabase, known: Known): boolean {
  if (point.kind === 'latest') return true
  if (point.kind === 'transaction') return replay.to.id === point.id
  const moment = point.time.getTime()
  return (
    replay.bounded ||
    replay.latest >= moment ||
    (wasIdle(replay, moment, base, known) && !mayBeElsewhere(replay, moment, base, known))
  )
}

/** A backup reads the log after it was begun, up to its last whole transaction. */
function wasIdle({ to }: Replay, moment: number, { storeId }: ManifestDatabase, { manifests }: Known): boolean {
  const root = rootLineage(storeId)
  return manifests
    .filter(({ timing }) => Date.parse(timing.started) >= moment)
    .flatMap(({ databases }) => databases)
    .filter((database) => rootLineage(database.storeId) === root)
    .some(({ lastTransaction: { id, checksum } }) => id === to.id && checksum === to.checksum)
}

/** Whether the same store went on in another history between the end of the replay and the moment: the idle one was then a copy left behind. */
function mayBeElsewhere({ latest, lineage }: Replay, moment: number, base: ManifestDatabase, known: Known): boolean {
  const { history, manifests, chosen } = known
  if (chosen) return false
  const between = (time: number): boolean => time > latest && time <= moment
  const others = history.lineagesOf(base).filter((other) => other !== lineage && history.latestOf(other) > latest)
  if (others.some((other) => between(history.latestOf(other)) || !history.isRooted(other))) return true
  const root = rootLineage(base.storeId)
  return manifests
    .flatMap(({ databases }) => databases)
    .some(({ storeId, lastTransaction }) => rootLineage(storeId) === root && between(Date.parse(lastTransaction.commitTime)))
}
