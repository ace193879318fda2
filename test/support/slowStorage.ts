import type { Storage } from '../../src/storage/storage.ts'

/** A storage whose puts stop in the middle while it is held, as one on a line that has become slow does. */
export interface SlowStorage extends Storage {
  /** Lets no put go on. */
  hold(): void
  /** Lets all of them go on. */
  release(): void
  /** Whether a put has sent a part of its object and waits, since it was held. */
  readonly isWaiting: boolean
}

/** Makes a storage slow, as slow as the test says. */
export function slow(storage: Storage): SlowStorage {
  let gate = Promise.withResolvers<void>()
  let isWaiting = false
  gate.resolve()
  return {
    ...storage,
    put: async (name, body, options) => {
      options?.signal?.addEventListener('abort', () => gate.resolve(), { once: true })
      const chunks = body instanceof Uint8Array ? [body] : body
      const slowed = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of chunks) {
          yield chunk
          isWaiting = true
          await gate.promise
          options?.signal?.throwIfAborted()
        }
      }
      await storage.put(name, slowed(), options)
    },
    hold: () => {
      gate = Promise.withResolvers()
      isWaiting = false
    },
    release: () => gate.resolve(),
    get isWaiting() {
      return isWaiting
    },
  }
}
