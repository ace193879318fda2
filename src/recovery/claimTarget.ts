import { chmod, lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { type HandOver, mayGive, type Owner, takeOver } from './ownership.ts'
import { makePrivateFolder } from './privateFolder.ts'
import { type Begun, movedNames, partialName, serverNames } from './target.ts'

/**
 * Makes the directory, where it is missing, and marks it as taken; a directory that was there keeps its mode and owner in the end:
 * someone chose them.
 * @returns to whom the directory is handed when all is done.
 * @throws HoldfastError `refused` where another restore has just begun: of two that begin at once, one finds the other's mark.
 */
export async function claimTarget(target: string, beginning: Begun, owner: Owner | undefined): Promise<HandOver | undefined> {
  if (beginning.at !== 'nothing') return 'handOver' in beginning ? beginning.handOver : wasLeft(target, owner)
  await mkdir(dirname(target), { recursive: true })
  const isNew = await makeDirectory(target)
  const handOver = isNew ? { ...(owner ?? (await stat(target))), mode: 0o750 } : await wasThere(target)
  try {
    await mkdir(join(target, partialName), { mode: 0o700 })
  } catch (error) {
    if (!hasSystemCode(error, 'EEXIST')) throw error
    throw new HoldfastError('refused', `${target} is not empty: another restore into it has just begun`, {
      hint: 'wait for it, or restore into another directory',
    })
  }
  return handOver && { uid: handOver.uid, gid: handOver.gid, mode: handOver.mode }
}

/**
 * Shuts everyone else out of a claimed directory until it is handed over: Neo4j's user could plant links there for root to follow.
 * Where files are to be looked at again, they are brought back to where they are written.
 */
export async function enterTarget(target: string, beginning: Begun): Promise<void> {
  await takeOver(target)
  if (beginning.at === 'checks') return
  const partial = join(target, partialName)
  const found = await lstat(partial).catch(() => undefined)
  if (found?.isDirectory() && found.uid === process.getuid?.()) await chmod(partial, 0o700)
  await makePrivateFolder(partial)
  for (const name of await readdir(target)) {
    if (serverNames.includes(name)) await rm(join(target, name), { recursive: true })
    if (!movedNames.includes(name)) continue
    await rm(join(partial, name), { recursive: true, force: true })
    await rename(join(target, name), join(partial, name))
  }
}

async function makeDirectory(target: string): Promise<boolean> {
  try {
    await mkdir(target, { mode: 0o700 })
    return true
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) return false
    throw error
  }
}

/** A restore that broke off leaves its directory private; without a journal nobody knows what it was before. */
async function wasLeft(target: string, owner: Owner | undefined): Promise<HandOver | undefined> {
  const { uid, gid, mode } = await stat(target)
  if (uid !== process.getuid?.() || (mode & 0o7777) !== 0o700) return wasThere(target)
  return { uid: owner?.uid ?? uid, gid: owner?.gid ?? gid, mode: 0o750 }
}

async function wasThere(target: string): Promise<HandOver | undefined> {
  if (!mayGive()) return undefined
  const { uid, gid, mode } = await stat(target)
  return { uid, gid, mode: mode & 0o7777 }
}
