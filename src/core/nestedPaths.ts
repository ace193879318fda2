import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { hasSystemCode } from './errors.ts'

/** Whether one path is the other or lies in it, whatever links lead there. */
export async function liesIn(inner: string, outer: string): Promise<boolean> {
  const [within, whole] = [await realPathOf(inner), await realPathOf(outer)]
  return within === whole || within.startsWith(whole === sep ? sep : `${whole}${sep}`)
}

/** The real path of what is there, and behind it what is not there yet. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (!hasSystemCode(error, 'ENOENT', 'ENOTDIR') || dirname(path) === path) return resolve(path)
    return join(await realPathOf(dirname(resolve(path))), basename(path))
  }
}
