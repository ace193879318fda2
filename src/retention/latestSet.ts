import { HoldfastError } from '../core/errors.ts'
import { planPointInTime, type PointInTimePlan } from '../recovery/pointInTimePlan.ts'
import type { BackupWindow } from '../recovery/windows.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import { ancestry } from '../repository/archiveChain.ts'
import type { Repository } from '../repository/repository.ts'

/** The windows of all backups of a database, and the backups that are to go. */
interface Deletion {
  windows: readonly BackupWindow[]
  ids: readonly string[]
}

/**
 * Makes sure that without some backups the latest is still what it is now, of the other databases of the set, too: where a restore gave up what
 * is archived of these, and they have written nothing since, only a backup of before that leads them to where they stand, until there is one of behind it.
 * What cannot be restored now without a question is not promised.
 * @throws HoldfastError `refused`
 */
export async function requireSameLatest(
  repository: Repository,
  history: ArchivedHistory,
  { database, windows, ids }: Deletion & { database: string },
  signal: AbortSignal,
): Promise<void> {
  // Planning reads all log behind a backup.
  if (!mayLeadElsewhere(history, { windows, ids })) return
  // What is known to be damaged leads nowhere.
  const sound = (await repository.listSoundBackups({ signal })).map(({ id }) => id)
  const before = await latestOf(onlyWith(repository, sound), database, signal)
  if (before instanceof HoldfastError) return
  const kept = sound.filter((id) => !ids.includes(id))
  const after = await latestOf(onlyWith(repository, kept), database, signal)
  const change = after instanceof HoldfastError ? after.message : changeBetween(before, after)
  if (change === undefined) return
  throw new HoldfastError(
    'refused',
    `${database} could not be restored any more to the latest as it is now, with the others of its set: ${change}`,
    { hint: 'make a newer backup first, or give --force', ...(after instanceof HoldfastError ? { cause: after } : {}) },
  )
}

/** A repository as it would be with these backups only. */
function onlyWith(repository: Repository, ids: readonly string[]): Repository {
  return {
    ...repository,
    listBackups: async (options) => (await repository.listBackups(options)).filter(({ id }) => ids.includes(id)),
  }
}

/** Whether a backup goes that leads to a lineage that says where others stood when it began, and none stays that was made in it. */
function mayLeadElsewhere(history: ArchivedHistory, { windows, ids }: Deletion): boolean {
  const kept = windows.filter(({ backup }) => !ids.includes(backup))
  return windows.some(({ backup, base, window: { lineage } }) => {
    if (!ids.includes(backup) || lineage === undefined || !history.presentOf(base).includes(lineage)) return false
    const path = [...ancestry(lineage, history.lineages).keys()].map((id) => history.lineages.get(id))
    const branch = path.find((each) => each?.others)?.branch
    if (!branch) return false
    return !kept.some((each) => each.window.lineage === lineage && !each.damage && each.window.from.id > branch.after)
  })
}

/** @returns the error where damage or several histories leave it open. */
async function latestOf(repository: Repository, database: string, signal: AbortSignal): Promise<PointInTimePlan | HoldfastError> {
  try {
    return await planPointInTime(repository, { point: { kind: 'latest' }, database, signal })
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === 'refused' || error.code === 'integrity')) return error
    throw error
  }
}

/** What would be another one, or not certain any more. */
function changeBetween(before: PointInTimePlan, after: PointInTimePlan): string | undefined {
  for (const { database, to } of before.replays) {
    const now = after.replays.find((replay) => replay.database === database)?.to
    if (now?.id === to.id && now.checksum === to.checksum) continue
    const found = now ? `end with transaction ${now.id} of ${now.commitTime}` : 'not be restored at all'
    return `${database} would ${found}, where it now ends with transaction ${to.id} of ${to.commitTime}`
  }
  return after.doubts.find((doubt) => !before.doubts.includes(doubt))
}
