import type { StorageOptions } from '../storage.ts'
import { type Doing, s3Failure } from './failures.ts'

/** Sends requests, and says in words what becomes of them. @throws HoldfastError, or the reason of the signal. */
export async function explaining<Result>(doing: Doing, { signal }: StorageOptions, work: () => Promise<Result>): Promise<Result> {
  try {
    signal?.throwIfAborted()
    return await work()
  } catch (error) {
    signal?.throwIfAborted()
    throw s3Failure(doing, error)
  }
}
