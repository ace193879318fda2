import type { BigIntStats } from 'node:fs'
import { link, lstat, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'

/** Characters of a name that its passing name begins with: that, too, may have 255 bytes, and a character three of them. */
const mostKept = 79

/**
 * Removes the file of a name, where it is the one that is meant: another one that has taken the name meanwhile stays. It gets a name
 * that nobody knows for that, for between a look at a name and its removal there is always a moment.
 * @returns whether it was removed.
 * @throws HoldfastError `refused` where yet another file has taken the name: both stay.
 */
export async function removeExactly(path: string, isMeant: (found: BigIntStats) => boolean): Promise<boolean> {
  const aside = join(dirname(path), `${basename(path).slice(0, mostKept)}.holdfast-${randomId(4)}`)
  await rename(path, aside)
  if (isMeant(await lstat(aside, { bigint: true }))) {
    await unlink(aside)
    return true
  }
  try {
    // Unlike a rename it replaces nothing.
    await link(aside, path)
  } catch (cause) {
    throw new HoldfastError('refused', `${path} is another file than the one meant, and cannot get its name back`, {
      hint: `it is ${aside} now: move it to where it belongs`,
      cause,
    })
  }
  await unlink(aside)
  return false
}
