import { type HoldfastError, integrityError } from '../core/errors.ts'
import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { encodings } from './block.ts'
import { type BlockTable, readBlockTable } from './blockTable.ts'
import { damagedPacks } from './damaged.ts'
import { KnownBlocks } from './knownBlocks.ts'
import { listBackups } from './listing.ts'
import type { Manifest } from './manifest.ts'
import { packOfName, packsPrefix } from './names.ts'

/** Blocks that a new backup need not store again. */
export interface ReusableBlocks {
  blocks: KnownBlocks
  /** The packs that the rows of `blocks` point into. */
  packs: { id: string; size: number }[]
  /** All backups with a readable manifest, oldest first. */
  listed: Manifest[]
  /** Those of them that were taken into account. */
  backups: Manifest[]
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
  const listed: ReusableBlocks['listed'] = []
  const backups: ReusableBlocks['backups'] = []
  const skipped: ReusableBlocks['skipped'] = []
  for (const backup of await listBackups(access, options)) {
    if (backup.error) {
      skipped.push(backup)
      continue
    }
    listed.push(backup.manifest)
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
    addWhole(blocks, table, usable)
    addDifferences(blocks, table, usable)
    backups.push(backup.manifest)
  }
  return { blocks, packs, listed, backups, skipped }
}

/** Blocks that are stored whole replace differences with the same content, so that a base is always whole. */
function addWhole(blocks: KnownBlocks, table: BlockTable, usable: (number | undefined)[]): void {
  for (let index = 0; index < table.rows; index++) {
    const location = table.location(index)
    const pack = usable[location.pack]
    if (location.encoding === encodings.zero || location.encoding === encodings.difference || pack === undefined) continue
    const row = blocks.find(table.id(index))
    if (row === undefined) blocks.add(table.id(index), { ...location, pack })
    else if (blocks.location(row).encoding === encodings.difference) blocks.set(row, table.id(index), { ...location, pack })
  }
}

function addDifferences(blocks: KnownBlocks, table: BlockTable, usable: (number | undefined)[]): void {
  for (let index = 0; index < table.length; index++) {
    const location = table.location(index)
    const pack = usable[location.pack]
    if (location.encoding !== encodings.difference || pack === undefined) continue
    const base = blocks.find(table.id(location.base))
    // Where the pack of the base cannot be used, its block may be known as a difference only, and those do not build on each other.
    if (base === undefined || blocks.location(base).encoding === encodings.difference) continue
    if (blocks.find(table.id(index)) === undefined) blocks.add(table.id(index), { ...location, pack, base })
  }
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
