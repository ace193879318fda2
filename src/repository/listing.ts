import { HoldfastError, integrityError } from '../core/errors.ts'
import { mapOrdered } from '../core/mapOrdered.ts'
import type { StorageOptions } from '../storage/storage.ts'
import { ObjectMissingError } from '../storage/storageErrors.ts'
import type { Access } from './access.ts'
import { isListed, listedButMissing } from './contradiction.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { backupsPrefix, manifestName, partOfBackup } from './names.ts'

/** A backup in the repository: its manifest, or why that cannot be read. */
export type ListedBackup =
  { id: string; manifest: Manifest; error?: never } | { id: string; manifest?: never; error: HoldfastError }

/** All backups, oldest first; one with a damaged manifest is listed with its error, and hides no other. */
export async function listBackups(access: Access, options: StorageOptions = {}): Promise<ListedBackup[]> {
  const backups: ListedBackup[] = []
  const read = async (id: string): Promise<ListedBackup | undefined> => {
    try {
      return { id, manifest: await readManifest(access, id, options) }
    } catch (error) {
      if (!(error instanceof ObjectMissingError)) return { id, error: integrityError(error) }
      // Deleted between the listing and the reading, if it is not listed any more.
      const name = manifestName(id)
      return (await isListed(access.storage, name, options)) ? { id, error: listedButMissing(access.storage, name) } : undefined
    }
  }
  for await (const backup of mapOrdered(manifestIds(access, options), 8, read)) if (backup) backups.push(backup)
  return backups.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

/** Ids know seconds only, and several backups may be made within one; such as `20261122T101500.123Z-…` and `20261122T101500Z-…`. */
function sortKey({ id, manifest }: ListedBackup): string {
  return manifest ? `${manifest.created.replaceAll(/[-:]/g, '')}-${id}` : id
}

/** The ids of all backups that exist, that is, that have a manifest, oldest first. */
async function* manifestIds({ storage }: Access, options: StorageOptions = {}): AsyncGenerator<string> {
  for await (const { name } of storage.list(backupsPrefix, options)) {
    const found = partOfBackup(name)
    if (found?.part === 'manifest') yield found.backup
  }
}
