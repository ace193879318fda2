import { expect, test } from 'vitest'
import { NewestTransactions } from '../../../src/history/newestTransactions.ts'
import type { ShownTransaction } from '../../../src/history/shownTransaction.ts'

function transaction(id: number, size: number): ShownTransaction {
  const place = { logVersion: 0, offset: 0, kernelVersion: 33, committed: '' }
  return { id, size, ...place, groups: [], newTokens: [], schema: [] }
}

/** What is left of a number of transactions: their ids, and in brackets those without their details. */
function kept(sizes: number[], limit: number, detailedBytes: number): string {
  const newest = new NewestTransactions(limit, detailedBytes)
  for (const [id, size] of sizes.entries()) newest.add(transaction(id, size), [])
  expect(newest.added).toBe(sizes.length)
  return newest
    .list()
    .map(({ id, changes }) => (changes === null ? `(${id})` : `${id}`))
    .join(' ')
}

test.each([
  [[1, 1, 1, 1, 1], 3, 10, '2 3 4'],
  [[1, 1, 1, 1, 1], 10, 10, '0 1 2 3 4'],
  [[1, 1, 1, 1, 1], 10, 3, '(0) (1) 2 3 4'],
  [[9, 1, 1], 10, 3, '(0) 1 2'],
  [[1, 1, 9], 10, 3, '(0) (1) 2'],
  [[1, 9, 1], 10, 3, '(0) (1) 2'],
  [[9, 9, 9], 1, 3, '2'],
  [Array.from({ length: 1000 }, () => 1), 2, 1, '(998) 999'],
])('of sizes %j the newest %i are kept, and details of %i bytes', (sizes, limit, bytes, expected) => {
  expect(kept(sizes, limit, bytes)).toBe(expected)
})

test('without details nothing is said of them', () => {
  const newest = new NewestTransactions(2, 1)
  for (const id of [1, 2, 3, 4]) newest.add(transaction(id, 5), undefined)
  expect(newest.list()).toEqual([transaction(3, 5), transaction(4, 5)])
})
