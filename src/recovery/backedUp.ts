import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { rootOf } from '../repository/segmentName.ts'

/** A backup, with the database in question. */
export interface BackedUp {
  manifest: Manifest
  base: ManifestDatabase
}

/** Whether a backup was finished before a lineage branched off. A store's first lineage may be older than its description. */
export function isMadeBefore({ lineages }: ArchivedHistory, { timing }: Manifest, lineage: string): boolean {
  return lineage !== rootOf(lineage) && timing.finished <= (lineages.get(lineage)?.created ?? '')
}
