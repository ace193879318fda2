import type { HoldfastError } from '../core/errors.ts'
import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { encodings } from './block.ts'
import { readBlockTable } from './blockTable.ts'
import { damagedPacks } from './damaged.ts'
import { KnownBlocks } from './knownBlocks.ts'
import { integrityError, listBackups } from './listing.ts'
import { packOfName, packsPrefix } from './names.ts'

/** Blocks that a new backup need not store again. */
export interface ReusableBlocks {
  blocks: KnownBlocks
  /** The packs that the rows of `blocks` point into. */
  packs: { id: string; size: number }[]
  /** Backups whose blocks could not be taken into account, and why. */
  skipped: { id: string; error: HoldfastError }[]
}

/**
 * Gathers the blocks of all backups, as far as their packs really are in storage, whole and not marked as damaged.
 * Rests on the repository alone, never on what a process believes it wrote.
 */
export async function findReusableBlocks(access: Access, options: StorageOptions = {}): Promise<ReusableBlocks> {
  const present = await presentPacks(access, options)
  for (const pack of await damagedPacks(access, options)) present.delete(pack)

  const blocks = new KnownBlocks()
  const packs: ReusableBlocks['packs'] = []
  const indices = new Map<string, number>()
  const skipped: ReusableBlocks['skipped'] = []
  for (const backup of await listBackups(access, options)) {
    if (backup.error) {
      skipped.push(backup)
      continue
    }
    let table
    try {
      table = await readBlockTable(access, backup.manifest, options)
    } catch (error) {
      skipped.push({ id: backup.id, error: integrityError(error) })
      continue
    }
    const usable = table.packs.map((pack) => {
      if (present.get(pack.id) !== pack.size) return undefined
      if (!indices.has(pack.id)) indices.set(pack.id, packs.push(pack) - 1)
      return indices.get(pack.id)
    })
    for (let index = 0; index < table.length; index++) {
      const location = table.location(index)
      const pack = location.encoding === encodings.zero ? undefined : usable[location.pack]
      if (pack !== undefined && blocks.find(table.id(index)) === undefined) blocks.add(table.id(index), { ...location, pack })
    }
  }
  return { blocks, packs, skipped }
}

/** Size by id of the packs in storage. */
export async function presentPacks({ storage }: Access, options: StorageOptions = {}): Promise<Map<string, number>> {
  const present = new Map<string, number>()
  for await (const { name, size } of storage.list(packsPrefix, options)) {
    const id = packOfName(name)
    if (id !== undefined) present.set(id, size)
  }
  return present
}
