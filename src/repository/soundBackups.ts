import { ifDamaged } from '../core/errors.ts'
import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { readBlockTable } from './blockTable.ts'
import { damagedPacks } from './damaged.ts'
import { listBackups } from './listing.ts'
import type { Manifest } from './manifest.ts'

/** The backups of which nothing is known to be damaged, oldest first. A validation that has found a pack damaged has marked it. */
export async function soundBackups(access: Access, options: StorageOptions = {}): Promise<Manifest[]> {
  const manifests = (await listBackups(access, options)).flatMap(({ manifest }) => manifest ?? [])
  const damaged = new Set(await damagedPacks(access, options))
  if (damaged.size === 0) return manifests
  const sound: Manifest[] = []
  for (const manifest of manifests) {
    const table = await readBlockTable(access, manifest, options).catch(ifDamaged(undefined))
    if (table?.packs.every(({ id }) => !damaged.has(id))) sound.push(manifest)
  }
  return sound
}
