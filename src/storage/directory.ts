import { link, open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { syncDirectory } from '../core/atomicFile.ts'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import { describeFile, ignoreMissing, removeAbandoned, removeEmptyDirectory, removeFile, walk } from './directoryEntries.ts'
import { DurableFile, makeDirectoryDurably } from './durableFile.ts'
import { storageFailure } from './fileErrors.ts'
import { checkName, checkPrefix } from './names.ts'
import { requireOnePlace } from './onePlace.ts'
import { SamePlace } from './samePlace.ts'
import type { ByteRange, Storage, StorageOptions } from './storage.ts'
import { ObjectExistsError, ObjectMissingError, unsettled } from './storageErrors.ts'

const readSize = 256 * 1024
/** A range that is not longer comes in one piece. */
const rangeSize = 4 * 1024 * 1024
/** Starts with a dot, so that no object can have this name and no listing shows it. */
const unfinished = '.unfinished'

/** Keeps objects as files (mode 0600) below a directory, which the first put creates (mode 0700). */
export function directoryStorage(directory: string): Storage {
  const root = resolve(directory)
  const durableDirectories = new Set<string>()
  const place = new SamePlace(root)
  let removal: Promise<void> | undefined
  let isInOnePlace = false

  const beforeChange = async () => {
    if (!isInOnePlace) await requireOnePlace(root)
    isInOnePlace = true
  }

  const attempt = async <Result>(doing: string, name: string, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work()
    } catch (error) {
      throw storageFailure(doing, name, root, error)
    }
  }

  const ensureDirectory = async (path: string) => {
    if (durableDirectories.has(path)) return
    await makeDirectoryDurably(root, path)
    durableDirectories.add(path)
  }

  const createTemporary = async (path: string) => {
    await ensureDirectory(dirname(path))
    // What cannot be removed takes up space and hinders nothing else.
    await (removal ??= removeAbandoned(dirname(path)).catch(() => {}))
    try {
      return await DurableFile.create(path)
    } catch (error) {
      if (!hasSystemCode(error, 'ENOENT')) throw error
      // Somebody has removed the directory meanwhile.
      durableDirectories.delete(dirname(path))
      await ensureDirectory(dirname(path))
      return DurableFile.create(path)
    }
  }

  /** `link` fails where the name is taken, in one step; a rename would overwrite. */
  const publish = async (temporary: string, name: string) => {
    const target = join(root, name)
    for (let attempts = 1; ; attempts++) {
      try {
        await ensureDirectory(dirname(target))
        return await link(temporary, target)
      } catch (error) {
        if (hasSystemCode(error, 'EEXIST')) throw new ObjectExistsError(root, name)
        // A delete beside this put may have removed the directory because it had become empty.
        if (!hasSystemCode(error, 'ENOENT') || attempts === 10) throw error
        durableDirectories.delete(dirname(target))
      }
    }
  }

  /** Once it has its name an object is there, whatever goes wrong, though nobody knows whether a crash of the machine would take it away. */
  const settle = async (name: string) => {
    try {
      await syncDirectory(dirname(join(root, name)))
      await place.saw(name)
    } catch (error) {
      const failure = storageFailure('write', name, root, error)
      throw failure instanceof HoldfastError ? unsettled(name, failure) : failure
    }
  }

  const stat: Storage['stat'] = async (name) => {
    checkName(name)
    return attempt('look at', name, async () => {
      const found = await place.find(async () => describeFile(join(root, name), name))
      await (found ? place.saw(name) : place.require())
      return found
    })
  }

  return {
    location: root,
    stat,

    async put(name, body, { signal } = {}) {
      signal?.throwIfAborted()
      if (await stat(name)) throw new ObjectExistsError(root, name)
      await attempt('write', name, beforeChange)
      const temporary = join(root, unfinished, randomId())
      try {
        await using file = await attempt('write', name, async () => createTemporary(temporary))
        for await (const chunk of body instanceof Uint8Array ? [body] : body) {
          signal?.throwIfAborted()
          await attempt('write', name, async () => file.write(chunk))
        }
        await attempt('write', name, async () => file.finish())
        signal?.throwIfAborted()
        await attempt('write', name, async () => {
          await place.require()
          await publish(temporary, name)
        })
        await settle(name)
      } finally {
        // How it ended matters, not that its remains are left for the next day's put.
        await removeFile(temporary).catch(() => {})
      }
    },

    get: (name, options = {}) => read(root, place, name, options),

    list(prefix, { signal } = {}) {
      checkPrefix(prefix)
      return walk(root, place, prefix, signal)
    },

    async delete(name, { signal } = {}) {
      checkName(name)
      signal?.throwIfAborted()
      await attempt('delete', name, async () => {
        await beforeChange()
        const path = join(root, name)
        if (!(await removeFile(path))) return
        for (let parent = dirname(path); ; parent = dirname(parent)) {
          // Another delete may have removed the directory first; then the one above is to be synced.
          await syncDirectory(parent).catch(ignoreMissing)
          if (parent === root || !(await removeEmptyDirectory(parent))) return
          durableDirectories.delete(parent)
        }
      })
    },
  }
}

async function* read(
  root: string,
  place: SamePlace,
  name: string,
  options: StorageOptions & { range?: ByteRange },
): AsyncGenerator<Uint8Array> {
  checkName(name)
  const { signal, range } = options
  let position = range?.offset ?? 0
  const end = range === undefined ? Infinity : range.offset + range.length
  const most = range === undefined ? readSize : rangeSize
  try {
    await using handle = await open(join(root, name), 'r')
    await place.saw(name)
    while (position < end) {
      signal?.throwIfAborted()
      const chunk = Buffer.allocUnsafeSlow(Math.min(most, end - position))
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  } catch (error) {
    if (signal?.aborted) throw error
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) {
      await place.require()
      throw new ObjectMissingError(root, name)
    }
    throw storageFailure('read', name, root, error)
  }
}
