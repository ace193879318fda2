import type { Storage, StoredObject } from '../../src/storage/storage.ts'

/** A storage that counts what is asked of it, and tells a listener of each request when it is done. */
export interface MeteredStorage extends Storage {
  readonly requests: string[]
}

type Before = (request: string) => void | Promise<void>

/**
 * Counts the requests to a storage, such as `put archive/…`.
 * @param before is called with each of them first and may throw, as a storage that cannot be reached does
 * @param after is called with each one that went well
 */
export function metered(storage: Storage, before: Before = () => {}, after: Before = () => {}): MeteredStorage {
  const requests: string[] = []
  const begin = async (request: string): Promise<void> => {
    requests.push(request)
    await before(request)
  }
  return {
    location: storage.location,
    requests,
    put: async (name, body, options) => {
      await begin(`put ${name}`)
      await storage.put(name, body, options)
      await after(`put ${name}`)
    },
    async *get(name, options) {
      await begin(`get ${name}`)
      yield* storage.get(name, options)
    },
    stat: async (name, options) => {
      await begin(`stat ${name}`)
      return storage.stat(name, options)
    },
    async *list(prefix, options) {
      await begin(`list ${prefix}`)
      yield* storage.list(prefix, options)
    },
    delete: async (name, options) => {
      await begin(`delete ${name}`)
      await storage.delete(name, options)
      await after(`delete ${name}`)
    },
  }
}

/** A storage whose listing is changed on its way. */
export function lying(storage: Storage, change: (objects: StoredObject[]) => StoredObject[]): Storage {
  return {
    ...storage,
    async *list(prefix, options) {
      yield* change(await Array.fromAsync(storage.list(prefix, options)))
    },
  }
}

/** A storage that lists like a directory, the names at once and each object when its turn comes, and in which something happens between. */
export function hookedListing(storage: Storage, meanwhile: () => Promise<void>): Storage {
  return {
    ...storage,
    async *list(prefix, options) {
      const names = (await Array.fromAsync(storage.list(prefix, options))).map(({ name }) => name)
      await meanwhile()
      for (const name of names) {
        const found = await storage.stat(name)
        if (found) yield found
      }
    },
  }
}
