import { constants } from 'node:fs'
import { access, lstat, readdir, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { encodings } from '../repository/block.ts'
import { filesOf, type Manifest } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import type { Replay } from './replay.ts'

/** Room on the volume of a restore, in bytes. */
export interface Room {
  /** What is still to be written; blocks of zeros become holes and take none. */
  needed: number
  /** What this user may still fill there; null where the file system does not say. */
  free: number | null
}

/**
 * Finds out, before anything is written, whether a restore may write to its directory and fits on its volume.
 * @throws HoldfastError `failed` where it does not fit; what the operating system says where it may not write there.
 */
export async function requireRoom(
  repository: Repository,
  manifest: Manifest,
  { target, replays, signal }: { target: string; replays: readonly Replay[]; signal?: AbortSignal },
): Promise<Room> {
  const place = await nearest(target)
  await access(place, constants.W_OK | constants.X_OK)
  const written = place === target ? await bytesBelow(target) : 0
  const needed = Math.max(0, (await bytesOf(repository, manifest, replays, signal)) - written)
  const { bavail, bsize, blocks } = await statfs(place)
  const free = blocks === 0 ? null : bavail * bsize
  if (free === null || needed <= free) return { needed, free }
  throw new HoldfastError('failed', `no space left for the restore into ${target}: it needs ${needed} bytes, ${free} are free`, {
    hint: 'nothing was written; make room, or restore into a directory on another volume',
  })
}

async function bytesOf(
  repository: Repository,
  manifest: Manifest,
  replays: readonly Replay[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const table = await repository.readBlockTable(manifest, signal ? { signal } : {})
  let bytes = replays.reduce((sum, { size }) => sum + size, 0)
  for (const { firstBlock, blocks } of filesOf(manifest)) {
    for (let index = firstBlock; index < firstBlock + blocks; index++) {
      const { encoding, plain } = table.location(index)
      if (encoding !== encodings.zero) bytes += plain
    }
  }
  return bytes
}

/** The path itself, or the innermost folder above it that is there. */
async function nearest(path: string): Promise<string> {
  for (let current = path; ; current = dirname(current)) {
    const isThere = await stat(current).then(
      () => true,
      () => false,
    )
    if (isThere || current === dirname(current)) return current
  }
}

/** Bytes of the files in a folder; holes count, so that rather too much is begun than too little. */
async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name))).size
  return bytes
}
