import { checkName, checkPrefix } from './names.ts'
import type { Storage } from './storage.ts'
import { ObjectExistsError, ObjectMissingError } from './storageErrors.ts'

const readSize = 256 * 1024

/** Keeps objects in memory, for tests and trials. */
export function memoryStorage(location = 'memory'): Storage {
  const objects = new Map<string, { content: Buffer; modified: Date }>()

  return {
    location,

    async put(name, body, { signal } = {}) {
      checkName(name)
      signal?.throwIfAborted()
      if (objects.has(name)) throw new ObjectExistsError(location, name)
      const chunks: Buffer[] = []
      for await (const chunk of body instanceof Uint8Array ? [body] : body) {
        signal?.throwIfAborted()
        chunks.push(Buffer.from(chunk))
      }
      signal?.throwIfAborted()
      if (objects.has(name)) throw new ObjectExistsError(location, name)
      objects.set(name, { content: Buffer.concat(chunks), modified: new Date() })
    },

    async *get(name, { range, signal } = {}) {
      checkName(name)
      const found = objects.get(name)
      if (found === undefined) throw new ObjectMissingError(location, name)
      const end = range === undefined ? found.content.length : Math.min(range.offset + range.length, found.content.length)
      for (let position = range?.offset ?? 0; position < end; position += readSize) {
        signal?.throwIfAborted()
        yield Buffer.from(found.content.subarray(position, Math.min(position + readSize, end)))
      }
    },

    async stat(name) {
      checkName(name)
      const found = objects.get(name)
      return found && { name, size: found.content.length, modified: found.modified }
    },

    async *list(prefix, { signal } = {}) {
      checkPrefix(prefix)
      const names = [...objects.keys()].filter((name) => name.startsWith(prefix))
      // Names are ASCII, so the order of UTF-16 units is the order of bytes.
      for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
        signal?.throwIfAborted()
        const found = objects.get(name)
        if (found) yield { name, size: found.content.length, modified: found.modified }
      }
    },

    async delete(name, { signal } = {}) {
      checkName(name)
      signal?.throwIfAborted()
      objects.delete(name)
    },
  }
}
