import { HoldfastError } from '../core/errors.ts'
import type { BackupWindow, Window } from '../recovery/windows.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import { coverFrom } from '../repository/archiveChain.ts'
import { twoHistories } from '../repository/oneHistory.ts'

/** Windows of backups by what is to become of these. */
interface Parted {
  kept: readonly Window[]
  gone: readonly BackupWindow[]
}

/**
 * Makes sure that where a backup goes, the archived log leads past it from the one before it, as there will be no other way to what is behind
 * it: that log is read and verified.
 * @param since ISO 8601; what lies behind a kept backup from before that moment is left to that one
 * @throws HoldfastError `integrity` where it is damaged.
 */
export async function requireWayAround(
  history: ArchivedHistory,
  database: string,
  { kept, gone }: Parted,
  since: string,
): Promise<void> {
  for (const { backup, window } of gone) {
    const { lineage, from } = window
    if (lineage === undefined) continue
    const others = kept.filter((other) => other.lineage === lineage).map((other) => other.from)
    if (others.some(({ id, time }) => id >= from.id && time <= since)) continue
    const before = others.map(({ id }) => id).filter((id) => id < from.id)
    if (before.length === 0) continue
    const upToIt = history.chain(lineage).filter(({ segment }) => segment.first <= from.id)
    try {
      for (const link of coverFrom(upToIt, Math.max(...before))) {
        const parting = await history.read(link, () => {})
        if (parting && parting.first <= from.id) throw twoHistories(parting)
      }
    } catch (error) {
      throw noWay(backup, database, error)
    }
  }
}

function noWay(id: string, database: string, error: unknown): unknown {
  if (!(error instanceof HoldfastError) || error.code !== 'integrity') return error
  return new HoldfastError(
    'integrity',
    `${id} is the only way to what was archived of ${database} behind it, as the log that leads past it is damaged: ${error.message}`,
    { hint: 'keep it until a newer backup is older than --archive-window, or give --force', cause: error },
  )
}
