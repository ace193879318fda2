import { HoldfastError } from '../core/errors.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import { coverFrom } from '../repository/archiveChain.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { twoHistories } from '../repository/oneHistory.ts'

/** Backups by what is to become of them. */
interface Parted {
  kept: readonly Manifest[]
  gone: readonly Manifest[]
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
  for (const manifest of gone) {
    for (const base of basesIn([manifest], database)) {
      for (const lineage of history.lineagesOf(base)) {
        const links = history.chain(lineage)
        const isOnIt = async (other: ManifestDatabase): Promise<boolean> => history.goesThrough(links, other.lastTransaction)
        if (!(await isOnIt(base))) continue
        const { id } = base.lastTransaction
        const others: ManifestDatabase[] = []
        for (const other of basesIn(kept, database)) if (await isOnIt(other)) others.push(other)
        if (others.some(({ lastTransaction: last }) => last.id >= id && last.commitTime <= since)) continue
        const before = others.map(({ lastTransaction: last }) => last.id).filter((last) => last < id)
        if (before.length === 0) continue
        const upToIt = links.filter(({ segment }) => segment.first <= id)
        const way = coverFrom(upToIt, Math.max(...before))
        try {
          for (const link of way) {
            const parting = await history.read(link, () => {})
            if (parting && parting.first <= id) throw twoHistories(parting)
          }
        } catch (error) {
          throw noWay(manifest.id, database, error)
        }
      }
    }
  }
}

function basesIn(manifests: readonly Manifest[], database: string): ManifestDatabase[] {
  return manifests.flatMap(({ databases }) => databases).filter(({ name }) => name === database)
}

function noWay(id: string, database: string, error: unknown): unknown {
  if (!(error instanceof HoldfastError) || error.code !== 'integrity') return error
  return new HoldfastError(
    'integrity',
    `${id} is the only way to what was archived of ${database} behind it, as the log that leads past it is damaged: ${error.message}`,
    { hint: 'keep it until a newer backup is older than --archive-window, or give --force', cause: error },
  )
}
