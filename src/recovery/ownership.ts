import { chmod, chown, lchown, lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Manifest, ManifestFile } from '../repository/manifest.ts'
import { filesOf } from '../repository/manifest.ts'
import { plainMode } from './restoredFile.ts'

/** Numeric owner and group. */
export type Owner = Pick<ManifestFile, 'uid' | 'gid'>

/** To whom a restored directory goes in the end, and with which mode. */
export interface HandOver extends Owner {
  mode: number
}

/** To whom a restored data directory belongs: Neo4j runs as the owner of its files. */
export function ownerOf(manifest: Manifest): Owner | undefined {
  return filesOf(manifest)[0]
}

/** Shuts everyone else out of a directory, where this process may. */
export async function takeOver(dataDir: string): Promise<void> {
  if (!mayGive()) return
  await chown(dataDir, 0, 0)
  await chmod(dataDir, 0o700)
}

/**
 * Hands the directories of a restored data directory, and what the scratch server made in it, to the owner of its files, where this
 * process may: otherwise production's server, which is not root, could not write there. The innermost go first and the whole last,
 * so that nobody can put a link in the way meanwhile.
 */
export async function handOverAll(dataDir: string, manifest: Manifest, handOver: HandOver | undefined): Promise<void> {
  const owner = ownerOf(manifest)
  if (owner && mayGive()) {
    const restored = new Map(filesOf(manifest).map((file) => [file.path, file]))
    const entries = await readdir(dataDir, { recursive: true, withFileTypes: true })
    const paths = entries.map((entry) => join(entry.parentPath, entry.name)).toSorted((a, b) => b.length - a.length)
    for (const path of paths) {
      // A restored file may be another by now: the scratch server replaces an index that it builds anew.
      const file = restored.get(relative(dataDir, path))
      const { uid, gid } = file ?? owner
      const found = await lstat(path)
      if (found.uid !== uid || found.gid !== gid) await lchown(path, uid, gid)
      if (file && (found.mode & 0o7777) !== plainMode(file.mode)) await chmod(path, plainMode(file.mode))
    }
  }
  if (handOver === undefined) return
  await chmod(dataDir, handOver.mode)
  if (mayGive()) await chown(dataDir, handOver.uid, handOver.gid)
}

/** Whether this process may hand files to others: root. */
export function mayGive(): boolean {
  return process.getuid?.() === 0
}
