import { link, lstat, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from '../core/atomicFile.ts'
import { hasSystemCode } from '../core/errors.ts'
import { refuseToOverwrite } from './exportMeta.ts'

/** A finished file, and the name on the same volume that it gets. */
type Move = readonly [from: string, to: string]

/**
 * Gives an artifact and its `.meta` their names, the artifact first: whoever sees a `.meta` finds what it is about.
 * @throws HoldfastError `refused` where a name is taken; then neither is there.
 */
export async function publishExport(artifact: Move, meta: Move): Promise<void> {
  await publish(artifact)
  try {
    await syncDirectory(dirname(artifact[1]))
    await publish(meta)
  } catch (error) {
    await rm(artifact[1], { force: true })
    throw error
  }
  await syncDirectory(dirname(meta[1]))
}

async function publish([from, to]: Move): Promise<void> {
  try {
    // Unlike a rename, a link never replaces what is there.
    await link(from, to)
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) throw refuseToOverwrite(to, 'it came while the export was made')
    // Some file systems, such as those of memory sticks, have no links.
    if (!hasSystemCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error
    if (await isThere(to)) throw refuseToOverwrite(to, 'it came while the export was made')
    await rename(from, to)
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return false
    throw error
  }
}
