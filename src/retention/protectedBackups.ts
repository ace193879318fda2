import { HoldfastError } from '../core/errors.ts'
import { type BackupWindow, backupWindows, certain, joined, type Window } from '../recovery/windows.ts'
import { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Repository } from '../repository/repository.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'
import { requireSameLatest } from './latestSet.ts'
import { requireWayAround } from './wayAround.ts'

/** What deleting must not break. */
interface Promises {
  /** Milliseconds back from now within which every moment that can be restored must stay so. */
  window: number
  now: Date
  signal: AbortSignal
}

/**
 * Makes sure that deleting these backups keeps what is promised: the newest backup that was proven, the window of the archive, the way to the newest
 * transaction, and where the latest takes the other databases.
 * @throws HoldfastError `refused` where it would not, `integrity` where damaged log leaves that open.
 */
export async function requireUnprotected(repository: Repository, ids: readonly string[], promises: Promises): Promise<void> {
  const { signal, window, now } = promises
  const sound = new Set((await repository.listSoundBackups({ signal })).map(({ id }) => id))
  const readable = (await repository.listBackups({ signal })).flatMap(({ manifest }) => manifest ?? [])
  // One that was found damaged keeps no promise, but may have been repaired where it is to go.
  const manifests = readable.filter(({ id }) => sound.has(id) || ids.includes(id))
  const proofs = await repository.listProofs({ signal })
  const newestProven = manifests.findLast(({ id }) => proofs.has(id))
  if (newestProven && ids.includes(newestProven.id)) {
    throw new HoldfastError(
      'refused',
      `${newestProven.id} is the newest backup that was proven, on ${proofs.get(newestProven.id)}`,
      {
        hint: 'prove a newer one with `holdfast restore start`, or give --force',
      },
    )
  }
  const history = await ArchivedHistory.read(repository, signal)
  // What a lineage needs that cannot be followed, nobody knows.
  for (const { id, databases } of manifests) if (ids.includes(id)) for (const base of databases) history.requireReadable(base)
  const since = new Date(now.getTime() - window).toISOString()
  for (const name of new Set(manifests.flatMap(({ databases }) => databases.map((database) => database.name)))) {
    const windows = await backupWindows(history, manifests, name)
    const kept = windows.filter(({ backup }) => !ids.includes(backup))
    const gone = windows.filter((each) => ids.includes(each.backup) && !kept.some((other) => isTwin(each, other)))
    const stay = certain(kept)
    // A window that is not certain may be lost with what goes, and is no other way to what is to stay.
    const lost = lostWindow(joined([...stay, ...gone.map((each) => each.window)]), joined(stay), since)
    if (lost) throw notKept(name, lost, windows.find((each) => each.damage && each.window.lineage === lost.lineage)?.damage)
    const end = lostEnd(history, windows, { gone, stay })
    if (end) throw endNotKept(name, end)
    await requireWayAround(history, name, { kept: stay, gone }, since)
    // The others follow the database that is asked for; nothing follows `system`.
    if (name !== 'system') await requireSameLatest(repository, history, { database: name, windows, ids }, signal)
  }
}

/** Whether two backups lead to the same. */
function isTwin({ base: one }: BackupWindow, { base: other }: BackupWindow): boolean {
  const [{ id, checksum }, last] = [one.lastTransaction, other.lastTransaction]
  return id === last.id && checksum === last.checksum && rootLineage(one.storeId) === rootLineage(other.storeId)
}

function notKept(database: string, { from, to }: Window, damage: HoldfastError | undefined): HoldfastError {
  const moments = `moments from ${from.time} to ${to.time}, which are within the promised window`
  const until = 'until a newer backup is older than --archive-window, or give --force'
  if (!damage) {
    return new HoldfastError('refused', `${database} could not be restored any more to ${moments}`, { hint: `keep it ${until}` })
  }
  return new HoldfastError('integrity', `${database} could perhaps not be restored any more to ${moments}: ${damage.message}`, {
    hint: `restore that object from a copy of the repository, keep the backup ${until}`,
    cause: damage,
  })
}

function endNotKept(database: string, { to }: Window): HoldfastError {
  return new HoldfastError(
    'refused',
    `${database} could not be restored any more to transaction ${to.id} of ${to.time}, the newest one that is in the repository`,
    { hint: 'make a newer backup first, or give --force' },
  )
}

/**
 * The window of a backup that ends with the newest transaction, where no other backup leads to that one. Where nothing of the store is
 * archived no window is promised: each backup is of itself alone.
 */
function lostEnd(
  history: ArchivedHistory,
  windows: readonly BackupWindow[],
  { gone, stay }: { gone: readonly BackupWindow[]; stay: readonly Window[] },
): Window | undefined {
  const newest = newestOf(windows.map(({ window }) => window))
  const isArchived = ({ storeId }: BackupWindow['base']): boolean =>
    history.segments.some(({ lineage }) => rootOf(lineage) === rootLineage(storeId))
  return gone.find(
    ({ base, window: { lineage, to }, damage }) =>
      to.time === newest &&
      damage === undefined &&
      isArchived(base) &&
      !stay.some((kept) => lineage !== undefined && kept.lineage === lineage && kept.to.id >= to.id),
  )?.window
}

/** When the newest transaction of some windows was committed. */
function newestOf(windows: readonly Window[]): string {
  return windows.reduce((latest, { to }) => (to.time > latest ? to.time : latest), '')
}

/** The part of a window since that time that is in none of those that stay. Backups without log are no windows. */
function lostWindow(before: readonly Window[], after: readonly Window[], since: string): Window | undefined {
  // As the newest one ends it still is now.
  const newest = newestOf(before)
  for (const window of before) {
    if (window.lineage === undefined || window.from.id === window.to.id) continue
    if (window.to.time < since && window.to.time < newest) continue
    const begin = since < window.to.time ? since : window.to.time
    const from = window.from.time < begin ? { id: window.from.id, time: begin } : window.from
    const stays = after.some(
      ({ lineage, ...kept }) => lineage === window.lineage && kept.from.time <= from.time && kept.to.time >= window.to.time,
    )
    if (stays) continue
    const later = after.filter(({ lineage, ...kept }) => lineage === window.lineage && kept.from.time > from.time)
    const [next] = later.map((kept) => kept.from).toSorted((a, b) => a.id - b.id)
    return { ...window, from, to: next && next.time < window.to.time ? next : window.to }
  }
  return undefined
}
