import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import { type BackedUp, isAhead, isMadeBefore } from './backedUp.ts'
import type { Replay } from './replay.ts'
import type { RestorePoint } from './restorePoint.ts'

/** The database that is restored to a point from a backup, which the others of its set follow. */
export interface Leader extends BackedUp {
  /** Begins with that backup. */
  replay: Replay
  point: RestorePoint
}

/** The point that the others follow to: the same moment, that of the leader's last transaction, or the end of the present. */
export function pointOf(history: ArchivedHistory, leader: Leader): RestorePoint {
  const { replay, point } = leader
  if (point.kind === 'time' || (point.kind === 'latest' && isPresent(history, leader))) return point
  return { kind: 'time', time: new Date(replay.to.commitTime) }
}

/** Whether nothing says that the leader ends in what was left. */
function isPresent(history: ArchivedHistory, { replay: { lineage }, manifest, base }: Leader): boolean {
  if (lineage !== undefined) return history.heirOf(base, lineage) === undefined
  return !history.presentOf(base).some((present) => isMadeBefore(history, manifest, present))
}

/** The leader's lineage, or the one that its backup goes on from where that is ahead of the archive; undefined where there is none. */
export function lineageOf(history: ArchivedHistory, leader: Leader): string | undefined {
  const { lineage } = leader.replay
  if (lineage !== undefined) return lineage
  const [only, ...others] = history.presentOf(leader.base)
  if (only === undefined || others.length > 0) return undefined
  return isAhead(history, leader, only) ? only : undefined
}
