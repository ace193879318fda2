import { HoldfastError } from '../core/errors.ts'
import { ArchivedHistory } from '../repository/archivedHistory.ts'
import { restorableWindows, type Window } from '../recovery/windows.ts'
import type { Repository } from '../repository/repository.ts'
import { requireWayAround } from './wayAround.ts'

/** What deleting must not break. */
interface Promises {
  /** Milliseconds back from now within which every moment that can be restored must stay so. */
  window: number
  now: Date
  signal: AbortSignal
}

/**
 * Makes sure that deleting these backups keeps what is promised: the newest backup that was proven, and the window of the archive.
 * @throws HoldfastError `refused` where it would not, `integrity` where log is damaged that would be the only way left.
 */
export async function requireUnprotected(repository: Repository, ids: readonly string[], promises: Promises): Promise<void> {
  const { signal, window, now } = promises
  const manifests = (await repository.listBackups({ signal })).flatMap(({ manifest }) => manifest ?? [])
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
  history.requireReadable(undefined)
  const kept = manifests.filter(({ id }) => !ids.includes(id))
  const gone = manifests.filter(({ id }) => ids.includes(id))
  const since = new Date(now.getTime() - window).toISOString()
  for (const name of new Set(manifests.flatMap(({ databases }) => databases.map((database) => database.name)))) {
    const before = await restorableWindows(history, manifests, name)
    const lost = lostWindow(before, await restorableWindows(history, kept, name), since)
    if (!lost) {
      await requireWayAround(history, name, { kept, gone }, since)
      continue
    }
    const moments = `${lost.from.time} to ${lost.to.time}`
    throw new HoldfastError(
      'refused',
      `${name} could not be restored any more to moments from ${moments}, which are within the promised window`,
      {
        hint: 'keep it until a newer backup is older than --archive-window, or give --force',
      },
    )
  }
}

/** The part of a window since that time that is in none of those that stay. Backups without log are no windows. */
function lostWindow(before: readonly Window[], after: readonly Window[], since: string): Window | undefined {
  for (const window of before) {
    if (window.lineage === undefined || window.from.id === window.to.id || window.to.time < since) continue
    const from = window.from.time < since ? { id: window.from.id, time: since } : window.from
    const stays = after.some(
      ({ lineage, ...kept }) => lineage === window.lineage && kept.from.time <= from.time && kept.to.time >= window.to.time,
    )
    if (!stays) return { ...window, from }
  }
  return undefined
}
