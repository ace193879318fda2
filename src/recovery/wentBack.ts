import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage } from '../repository/segmentName.ts'
import type { Replay } from './replay.ts'

/** Milliseconds: the clocks of Neo4j and of the backups may differ, and a large transaction be written for long after it has got its time. */
const margin = 60_000

/** A backup, with the database in question. */
interface BackedUp {
  manifest: Manifest
  base: ManifestDatabase
}

/**
 * The newest backup of a database, where it ends before what is to be restored though all of that was committed when it was begun: then the
 * server had gone back to an earlier point, and may have written nothing since. It is asked of the last transaction alone: one that was
 * committed later shows that its history went on.
 * @param isThrough whether what is restored goes through the last transaction of that backup
 */
export async function wentBack(
  { database, to }: Replay,
  { storeId }: ManifestDatabase,
  manifests: readonly Manifest[],
  isThrough: (backup: BackedUp) => Promise<boolean>,
): Promise<BackedUp | undefined> {
  const root = rootLineage(storeId)
  const backups = manifests.flatMap((manifest) => {
    const base = manifest.databases.find((each) => each.name === database && rootLineage(each.storeId) === root)
    return base ? [{ manifest, base }] : []
  })
  const newest = backups.toSorted((a, b) => a.manifest.timing.started.localeCompare(b.manifest.timing.started)).at(-1)
  if (!newest || newest.base.lastTransaction.id >= to.id) return undefined
  const { started } = newest.manifest.timing
  // The clock of Neo4j may have been ahead; those of two backups are the same.
  const wasBackedUp = backups.some(
    ({ manifest: { timing }, base: { lastTransaction } }) =>
      timing.finished < started && lastTransaction.id === to.id && lastTransaction.checksum === to.checksum,
  )
  const certainly = new Date(Date.parse(started) - margin).toISOString()
  if (to.commitTime >= certainly && !wasBackedUp) return undefined
  return (await isThrough(newest)) ? newest : undefined
}
