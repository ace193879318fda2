import type { Storage } from './storage.ts'

/**
 * Storage whose driver is loaded at its first use, for what takes long to load.
 * @param locks whether the driver locks what it stores
 */
export function lazyStorage(location: string, locks: boolean, open: () => Promise<Storage>): Storage {
  let opened: Promise<Storage> | undefined
  let loaded: Storage | undefined
  const driver = async (): Promise<Storage> => (loaded = await (opened ??= open()))
  return {
    location,
    put: async (...args) => (await driver()).put(...args),
    async *get(...args) {
      yield* (await driver()).get(...args)
    },
    stat: async (...args) => (await driver()).stat(...args),
    async *list(...args) {
      yield* (await driver()).list(...args)
    },
    delete: async (...args) => (await driver()).delete(...args),
    forgottenLock: async (...args) => (await driver()).forgottenLock?.(...args),
    facts: async (...args) => (await driver()).facts?.(...args) ?? [],
    danger: async (...args) => (await driver()).danger?.(...args),
    requestCounts: () => loaded?.requestCounts?.() ?? {},
    ...(locks ? { keep: async (...args: Parameters<NonNullable<Storage['keep']>>) => (await driver()).keep?.(...args) } : {}),
  }
}
