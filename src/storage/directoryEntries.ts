import type { Dirent } from 'node:fs'
import { lstat, readdir, rmdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { hasSystemCode } from '../core/errors.ts'
import { storageFailure } from './fileErrors.ts'
import { isSegment } from './names.ts'
import type { SamePlace } from './samePlace.ts'
import type { StoredObject } from './storage.ts'

/** A put that has not written for so long (milliseconds) is taken for dead. */
const abandonedAfter = 24 * 60 * 60 * 1000

/** Describes the object in a file; undefined where there is no such file. */
export async function describeFile(path: string, name: string): Promise<StoredObject | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? { name, size: found.size, modified: found.mtime } : undefined
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/**
 * Yields the objects below `root` whose name starts with `prefix`, in byte order of their names; holds one directory per level.
 * @throws HoldfastError `repository` where the place is another one meanwhile: what is not found would be taken for deleted.
 */
export async function* walk(root: string, place: SamePlace, prefix: string, signal?: AbortSignal): AsyncGenerator<StoredObject> {
  const directory = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  try {
    await place.require()
    yield* walkDirectory({ root, place, prefix, signal }, directory)
  } catch (error) {
    throw signal?.aborted ? error : storageFailure('list', prefix === '' ? 'objects' : prefix, root, error)
  }
}

interface Walk {
  root: string
  place: SamePlace
  prefix: string
  signal: AbortSignal | undefined
}

async function* walkDirectory(walking: Walk, directory: string): AsyncGenerator<StoredObject> {
  const { root, place, prefix, signal } = walking
  for (const name of await childNames(walking, directory)) {
    signal?.throwIfAborted()
    if (!name.startsWith(prefix) && !prefix.startsWith(name)) continue
    if (name.endsWith('/')) {
      yield* walkDirectory(walking, name)
      continue
    }
    const found = name.startsWith(prefix) ? await place.find(async () => describeFile(join(root, name), name)) : undefined
    if (found) yield found
  }
}

/**
 * Names below a directory, those of directories with `/` at the end, which puts them where their objects sort. What has no name that an
 * object could have is none. Links are followed: what an operator has moved elsewhere can be read, though nothing is changed then.
 */
async function childNames({ root, place }: Walk, directory: string): Promise<string[]> {
  const read = async (): Promise<Dirent[] | undefined> =>
    readdir(join(root, directory), { withFileTypes: true }).catch((error: unknown) => {
      // A directory appears with its first object and goes with its last.
      if (hasSystemCode(error, 'ENOENT') || (directory !== '' && hasSystemCode(error, 'ENOTDIR'))) return undefined
      throw error
    })
  const entries = (await place.find(read)) ?? []
  await place.require()
  const names: string[] = []
  for (const entry of entries) {
    if (!isSegment(entry.name)) continue
    const isDirectory = entry.isSymbolicLink() ? await leadsToDirectory(join(root, directory, entry.name)) : entry.isDirectory()
    names.push(`${directory}${entry.name}${isDirectory ? '/' : ''}`)
  }
  // Names are ASCII, so the order of UTF-16 units is the order of bytes.
  return names.sort((a, b) => (a < b ? -1 : 1))
}

/** @throws where it leads nowhere: what should be there may be needed. */
async function leadsToDirectory(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory()
}

/** Removes what puts of crashed processes left, once it is old enough to be certain. */
export async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    const found = await lstat(path).catch(ignoreMissing)
    if (found && Date.now() - found.mtimeMs > abandonedAfter) await removeFile(path)
  }
}

/** Whether there was a file to remove. */
export async function removeFile(path: string): Promise<boolean> {
  return unlink(path)
    .then(() => true, ignoreMissing)
    .then((removed) => removed === true)
}

/** Whether the directory is gone: it was empty, or removed already. */
export async function removeEmptyDirectory(path: string): Promise<boolean> {
  try {
    await rmdir(path)
    return true
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return true
    if (hasSystemCode(error, 'ENOTEMPTY', 'EEXIST', 'EBUSY')) return false
    throw error
  }
}

/** Lets an error pass that only says that a file or directory is not there. */
export function ignoreMissing(error: unknown): undefined {
  if (!hasSystemCode(error, 'ENOENT', 'ENOTDIR')) throw error
}
