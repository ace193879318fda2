import { resolve } from 'node:path'
import { filesOf, type Manifest, type ManifestDatabase } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { type Beginning, inspectTarget } from './target.ts'

/** What a restore would do; sizes in bytes. */
export interface RestorePlan {
  backup: string
  directory: string
  /** Where it would begin: at `nothing`, or where one that broke off stood. */
  from: Beginning['at']
  files: number
  size: number
  databases: Pick<ManifestDatabase, 'name' | 'lastTransaction'>[]
}

/**
 * Tells what a restore would do, and changes nothing.
 * @throws HoldfastError `refused` where the restore would be.
 */
export async function planRestore(
  repository: Repository,
  manifest: Manifest,
  { target, resume }: { target: string; resume: boolean },
): Promise<RestorePlan> {
  const directory = resolve(target)
  const { at } = await inspectTarget(directory, { backup: manifest.id, repository: repository.id, resume })
  const databases = manifest.databases.map(({ name, lastTransaction }) => ({ name, lastTransaction }))
  return { backup: manifest.id, directory, from: at, files: filesOf(manifest).length, size: manifest.totals.size, databases }
}
