import { HoldfastError, integrityError } from '../core/errors.ts'
import { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { journalPath, type RestoreJournal } from './journal.ts'
import { type Replay, replayNothing } from './replay.ts'
import { replayOn } from './replayOn.ts'

/** What a restore that has begun is made of. */
interface BegunPlan {
  manifest: Manifest
  replays: Replay[]
  /** What the restored databases may lack, in sentences for the operator. */
  doubts: string[]
}

/**
 * Finds the backup that a restore into this directory was begun with, and the archived log to the very transactions it was to end with,
 * whatever was backed up or archived since.
 * @throws HoldfastError `refused` where something of it is not there any more, `integrity` where it is damaged.
 */
export async function planAsBegun(
  repository: Repository,
  { target, journal, signal }: { target: string; journal: RestoreJournal; signal: AbortSignal },
): Promise<BegunPlan> {
  const gone = (what: string): HoldfastError =>
    new HoldfastError('refused', `the restore into ${target} cannot go on: ${what} is not in ${repository.location} any more`, {
      hint: `remove ${target} and ${journalPath(target)} and begin anew, or restore into another directory`,
    })
  const listed = await repository.listBackups({ signal })
  if (!listed.some(({ id }) => id === journal.backup)) throw gone(`backup ${journal.backup}`)
  const manifest = await repository.readManifest(journal.backup, { signal })
  const history = await ArchivedHistory.read(repository, signal)
  const replays: Replay[] = []
  for (const base of manifest.databases) {
    const end = journal.ends?.[base.name]
    const replay = end ? await replayTo(history, base, end) : replayNothing(base)
    if (!replay) throw gone(`log of ${base.name} that leads from backup ${manifest.id} to transaction ${end?.id}`)
    replays.push(replay)
  }
  const doubts = replays
    .filter(({ lineage, to }) => lineage !== undefined && history.knowsBehind(lineage, to.id))
    .map(
      ({ database, to }) =>
        `${database} ends with transaction ${to.id} of ${to.commitTime}, as the restore was begun: more is archived behind it`,
    )
  return { manifest, replays, doubts }
}

/** @returns undefined where no lineage leads there. */
async function replayTo(
  history: ArchivedHistory,
  base: ManifestDatabase,
  { id, checksum }: { id: number; checksum: number },
): Promise<Replay | undefined> {
  let damage: HoldfastError | undefined
  for (const lineage of history.lineagesOf(base)) {
    try {
      const replay = await replayOn(history, base, lineage, { kind: 'transaction', id })
      if (replay?.to.id === id && replay.to.checksum === checksum) return replay
    } catch (error) {
      damage ??= integrityError(error)
    }
  }
  if (damage) throw damage
  history.requireReadable(base)
  return undefined
}
