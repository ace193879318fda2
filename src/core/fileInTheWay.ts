import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Of a path and the folders above it, the one that is there and is no directory; undefined where none is. */
export async function fileInTheWay(path: string): Promise<string | undefined> {
  for (let current = path; ; current = dirname(current)) {
    const found = await stat(current).catch(() => undefined)
    if (found !== undefined) return found.isDirectory() ? undefined : current
    if (current === dirname(current)) return undefined
  }
}
