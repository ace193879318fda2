import { liveTransactions } from './liveLog.ts'
import type { LogPlace } from './logFollower.ts'

/** Bytes of whole transactions behind a place in a log, and when the first of them was committed, in milliseconds since 1970. */
export async function liveLogSize(
  directory: string,
  { nextId }: LogPlace,
): Promise<{ bytes: number; since: number | undefined }> {
  let bytes = 0
  let since: number | undefined
  for await (const { transactions } of liveTransactions(directory, nextId)) {
    for (const { offset, end, commitTime } of transactions) {
      bytes += end - offset
      since ??= commitTime
    }
  }
  return { bytes, since }
}
