import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { ignoreMissing } from './directoryEntries.ts'
import { isSegment } from './names.ts'

/**
 * Makes sure that the folders right below a directory are in it and on its file system. One that is elsewhere can be away alone, which
 * leaves an empty folder in its place: what it holds would be taken for deleted, and what that needs would be freed.
 * @throws HoldfastError `repository`
 */
export async function requireOnePlace(root: string): Promise<void> {
  const own = await stat(root).catch(ignoreMissing)
  // The first put makes the directory, or says why it cannot.
  if (!own?.isDirectory()) return
  const elsewhere: string[] = []
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (!isSegment(entry.name) || !(entry.isDirectory() || entry.isSymbolicLink())) continue
    const found = await stat(join(root, entry.name)).catch(ignoreMissing)
    if (entry.isSymbolicLink() && found?.isFile() !== true) elsewhere.push(`${entry.name} is a symbolic link`)
    else if (found && found.dev !== own.dev) elsewhere.push(`${entry.name} is on another file system`)
  }
  if (elsewhere.length === 0) return
  throw new HoldfastError('repository', `${root} is not in one place: ${elsewhere.toSorted().join(', ')}`, {
    hint: 'move the whole directory to one file system, with its folders as they are: one that is away alone would be taken for empty, and what it needs be deleted. Reading works as it is',
  })
}
