import { expect, test } from 'vitest'
import { memoryHere, scratchSizing } from '../../../src/neo4j/scratchSizing.ts'

const gibibyte = 1024 ** 3

test('a scratch Neo4j for a small store needs little', () => {
  expect(scratchSizing(1024, 8 * gibibyte)).toEqual({ heap: '512m', pageCache: '64m', limit: 600_000 })
})

test('one for a large store gets the pages of the whole store, as far as a quarter of the memory, and time to read it', () => {
  expect(scratchSizing(2 * gibibyte, 24 * gibibyte)).toMatchObject({ heap: '512m', pageCache: '2048m' })
  const large = scratchSizing(100 * gibibyte, 16 * gibibyte)
  expect(large).toMatchObject({ heap: '4096m', pageCache: '4096m' })
  expect(large.limit).toBeGreaterThan(5 * 3_600_000)
})

test('where a container may use less memory than its machine has, that is the memory', () => {
  expect(memoryHere({ machine: 24 * gibibyte, allowed: gibibyte })).toBe(gibibyte)
  // What Node tells where nothing is limited differs between systems.
  for (const allowed of [0, 2 ** 63, 2 ** 64]) expect(memoryHere({ machine: 24 * gibibyte, allowed })).toBe(24 * gibibyte)
})
