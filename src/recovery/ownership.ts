import { chown, lchown, lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Manifest, ManifestFile } from '../repository/manifest.ts'
import { filesOf } from '../repository/manifest.ts'

/** Numeric owner and group. */
export type Owner = Pick<ManifestFile, 'uid' | 'gid'>

/** Hands a file or directory to an owner, where this process may. */
export async function giveTo(path: string, { uid, gid }: Owner): Promise<void> {
  if (mayGive()) await chown(path, uid, gid)
}

/** To whom a restored data directory belongs: Neo4j runs as the owner of its files. */
export function ownerOf(manifest: Manifest): Owner | undefined {
  return filesOf(manifest)[0]
}

/**
 * Hands what the scratch server made in a restored data directory to the owner of its other files, where this process may:
 * otherwise production's server, which is not root, could not write there.
 */
export async function giveNewFiles(dataDir: string, manifest: Manifest): Promise<void> {
  const owner = ownerOf(manifest)
  if (!owner || !mayGive()) return
  const restored = new Set(filesOf(manifest).map(({ path }) => path))
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (restored.has(relative(dataDir, path))) continue
    const { uid, gid } = await lstat(path)
    if (uid !== owner.uid || gid !== owner.gid) await lchown(path, owner.uid, owner.gid)
  }
}

function mayGive(): boolean {
  return process.getuid?.() === 0
}
