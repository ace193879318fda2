import type { StorageOptions } from '../storage.ts'

/** The options of a request in the SDK's words. */
export function sendOptions({ signal }: StorageOptions): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}
