import { type ErrorCode, HoldfastError } from '../core/errors.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'

/** Whether an object is among those that the storage lists. */
export async function isListed(storage: Storage, name: string, options: StorageOptions = {}): Promise<boolean> {
  for await (const found of storage.list(name, options)) if (found.name === name) return true
  return false
}

/** The error for an object that is listed and that reading does not find: whoever took it for deleted would remove what it needs. */
export function listedButMissing(
  { location }: Storage,
  name: string,
  { code = 'integrity', cause }: { code?: ErrorCode; cause?: unknown } = {},
): HoldfastError {
  return new HoldfastError(code, `${name} is listed in ${location}, but reading it says that it is not there`, {
    hint: 'find out whether the server, or something on the way, gives wrong answers, then run it again',
    cause,
  })
}
