import { HoldfastError } from '../core/errors.ts'
import { mapOrdered } from '../core/mapOrdered.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import type { ManifestDatabase } from './manifest.ts'
import { keysPrefix, packName, repositoryName } from './names.ts'
import { archivePrefix, lineageOfName, rootLineage } from './segmentName.ts'

/** Requests at a time. */
const concurrency = 8

/** What a new backup needs that is there already. */
interface NeededByBackup {
  /** Ids of packs. */
  packs: readonly string[]
  databases: readonly Pick<ManifestDatabase, 'storeId'>[]
}

/**
 * A new backup needs packs that were stored, and locked, long ago. Where storage locks what it holds, these locks are
 * made to last as long as those of the new backup, and so are those of the objects that open the repository, and of those that say what the
 * lineages of its databases are: they are stored once, and without them no log that is archived behind the backup is followed.
 * @throws ObjectMissingError where one of them is gone.
 */
export async function keepNeeded(
  { storage }: Access,
  { packs, databases }: NeededByBackup,
  options: StorageOptions,
): Promise<void> {
  if (storage.keep === undefined) return
  const names = [repositoryName, ...packs.map(packName)]
  for await (const { name } of storage.list(keysPrefix, options)) names.push(name)
  for (const root of new Set(databases.map(({ storeId }) => rootLineage(storeId))))
    for await (const { name } of storage.list(`${archivePrefix}${root}`, options))
      if (lineageOfName(name) !== undefined) names.push(name)
  for await (const _ of mapOrdered(names, concurrency, async (name) => storage.keep?.(name, options)));
}

/**
 * In a repository that is locked, what a command stores without a lock would be the part that can be destroyed.
 * @throws HoldfastError `refused` where the repository is locked, and the settings say nothing of a lock.
 */
export async function requireLockRemembered(storage: Storage, options: StorageOptions): Promise<void> {
  const lock = await storage.forgottenLock?.(repositoryName, options)
  if (lock === undefined) return
  throw new HoldfastError(
    'refused',
    `the repository at ${storage.location} is locked (${lock}), but what this command stores would not be: object-lock is not set`,
    {
      hint: 'set object-lock and object-lock-days as before, best in holdfast.yaml or the environment for every command; or give --object-lock none if that is meant',
    },
  )
}
