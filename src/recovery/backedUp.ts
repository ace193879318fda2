import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'

/** A backup, with the database in question. */
export interface BackedUp {
  manifest: Manifest
  base: ManifestDatabase
}

/** The backups of a database, in their order: of the same name and the same store. */
export function backupsOf(
  manifests: readonly Manifest[],
  name: string,
  { storeId }: Pick<ManifestDatabase, 'storeId'>,
): BackedUp[] {
  const root = rootLineage(storeId)
  return manifests.flatMap((manifest) => {
    const base = manifest.databases.find((each) => each.name === name && rootLineage(each.storeId) === root)
    return base ? [{ manifest, base }] : []
  })
}

/** Whether a backup is ahead of all that is archived of a lineage, and was not made before that began. */
export function isAhead(history: ArchivedHistory, { manifest, base }: BackedUp, lineage: string): boolean {
  return base.lastTransaction.id > history.lastOf(lineage) && !isMadeBefore(history, manifest, lineage)
}

/** Whether a backup was finished before a lineage branched off. A store's first lineage may be older than its description. */
export function isMadeBefore({ lineages }: ArchivedHistory, { timing }: Manifest, lineage: string): boolean {
  return lineage !== rootOf(lineage) && timing.finished <= (lineages.get(lineage)?.created ?? '')
}
