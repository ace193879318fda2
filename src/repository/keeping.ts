import { mapOrdered } from '../core/mapOrdered.ts'
import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { keysPrefix, packName, repositoryName } from './names.ts'

/** Requests at a time. */
const concurrency = 8

/**
 * A new backup needs packs that were stored, and locked, long ago. Where storage locks what it holds, these locks are
 * made to last as long as those of the new backup, and so are those of the objects that open the repository.
 * @throws ObjectMissingError where one of them is gone.
 */
export async function keepNeeded({ storage }: Access, packs: readonly string[], options: StorageOptions): Promise<void> {
  if (storage.keep === undefined) return
  const names = [repositoryName, ...packs.map(packName)]
  for await (const { name } of storage.list(keysPrefix, options)) names.push(name)
  for await (const _ of mapOrdered(names, concurrency, async (name) => storage.keep?.(name, options)));
}
