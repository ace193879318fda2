import { lstat, mkdir } from 'node:fs/promises'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'

/**
 * Makes a folder that only this user can reach. One that is there already may be another's trap: a link or a folder that others
 * can write to would let them choose what is written.
 * @throws HoldfastError `refused` unless what is there is a directory of this user with mode 0700.
 */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (!hasSystemCode(error, 'EEXIST')) throw error
    const found = await lstat(path)
    const mode = found.mode & 0o7777
    if (found.isDirectory() && found.uid === process.getuid?.() && mode === 0o700) return
    const what = found.isDirectory() ? `a directory of user ${found.uid} with mode ${mode.toString(8)}` : 'no directory'
    throw new HoldfastError('refused', `${path} is ${what}, expected a directory of this user with mode 700`, {
      hint: 'someone else may have put it there: look at it and remove it',
    })
  }
}
