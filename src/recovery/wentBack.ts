import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { type BackedUp, backupsOf } from './backedUp.ts'
import type { Replay } from './replay.ts'

/** Milliseconds: the clocks of Neo4j and of the backups may differ, and a large transaction be written for long after it has got its time. */
export const wentBackMargin = 60_000

/** Whether a transaction of that commit time, milliseconds since 1970, was certainly committed when a backup was begun. */
export function wasCommittedBy(commitTime: number, { timing }: Manifest): boolean {
  return commitTime < Date.parse(timing.started) - wentBackMargin
}

/**
 * The newest backup of a database on the history that is to be restored, where it ends before what that leads to though all of it was committed
 * when the backup was begun: then the server had gone back to an earlier point, and may have written nothing since. It is asked of the last
 * transaction alone: one that was committed later shows that its history went on. Backups of other histories, such as trials, say nothing.
 * @param isThrough whether what is restored goes through the last transaction of that backup
 * @param isPutBack whether that is in a history which was left before the backup was made: the server was put back there, however far it goes
 */
export async function wentBack(
  replay: Replay,
  base: ManifestDatabase,
  manifests: readonly Manifest[],
  isThrough: (backup: BackedUp) => Promise<boolean>,
  isPutBack?: (backup: BackedUp) => Promise<boolean>,
): Promise<BackedUp | undefined> {
  const { database, to } = replay
  const backups = backupsOf(manifests, database, base)
  const isEnd = ({ base: { lastTransaction } }: BackedUp): boolean =>
    lastTransaction.id === to.id && lastTransaction.checksum === to.checksum
  for (const backup of backups.toSorted((a, b) => b.manifest.timing.started.localeCompare(a.manifest.timing.started))) {
    const { started } = backup.manifest.timing
    // The clock of Neo4j may have been ahead; those of two backups are the same.
    const wasBackedUp = backups.some((other) => other.manifest.timing.finished < started && isEnd(other))
    if (isEnd(backup) || (!wasCommittedBy(Date.parse(to.commitTime), backup.manifest) && !wasBackedUp)) return undefined
    const isOn = backup.base.lastTransaction.id < to.id && (await isThrough(backup))
    if (isOn || (await isPutBack?.(backup))) return backup
  }
  return undefined
}
