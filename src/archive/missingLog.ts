import type { SegmentName } from '../repository/segmentName.ts'

/** Transactions by their ids, both inclusive. */
export type TransactionRange = Pick<SegmentName, 'first' | 'last'>

/** The transactions between the first and the last one known that are in no segment and that no gap's marker tells of: segments that are not there any more. */
export function missingLog(known: readonly TransactionRange[]): TransactionRange[] {
  const missing: TransactionRange[] = []
  let next: number | undefined
  for (const { first, last } of known.toSorted((a, b) => a.first - b.first)) {
    if (next !== undefined && first > next) missing.push({ first: next, last: first - 1 })
    next = Math.max(next ?? 0, last + 1)
  }
  return missing
}
