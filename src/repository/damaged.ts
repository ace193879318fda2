import { HoldfastError } from '../core/errors.ts'
import type { StorageOptions } from '../storage/storage.ts'
import { ObjectExistsError } from '../storage/storageErrors.ts'
import type { Access } from './access.ts'
import { damagedName, damagedPrefix, packOfMarker } from './names.ts'
import { jsonContent, seal } from './sealed.ts'

/**
 * Notes that a pack is damaged: new backups store again what they would otherwise have taken from it.
 * @returns why it could not be noted, as where the repository may only be read.
 */
export async function markDamaged(
  { storage, clock }: Access,
  pack: string,
  problem: HoldfastError,
): Promise<HoldfastError | undefined> {
  const name = damagedName(pack)
  const content = jsonContent({ pack, found: clock.now().toISOString(), problem: problem.message })
  try {
    await storage.put(name, seal({ kind: 'damaged', name }, content))
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'repository') return error
    if (!(error instanceof ObjectExistsError)) throw error
  }
  return undefined
}

/** The packs that are marked as damaged; that a marker exists is enough, its content is for people. */
export async function damagedPacks({ storage }: Access, options: StorageOptions = {}): Promise<string[]> {
  const packs: string[] = []
  for await (const { name } of storage.list(damagedPrefix, options)) {
    const pack = packOfMarker(name)
    if (pack !== undefined) packs.push(pack)
  }
  return packs
}
