import { expect, test } from 'vitest'
import type { Markers } from '../../support/graphModelMarkers.ts'
import { outOfBounds } from '../../support/graphModelMarkers.ts'
import { replaySchema } from '../../support/graphModelReplay.ts'
import { schemaCatalogue } from '../../support/workload/schemaCatalogue.ts'
import type { Positions } from '../../support/workload/workload.ts'

const before: Positions = {
  writers: [
    { acknowledged: 10, sent: 11 },
    { acknowledged: 20, sent: 20 },
  ],
  schema: { acknowledged: 3, sent: 4 },
}
const after: Positions = {
  writers: [
    { acknowledged: 14, sent: 15 },
    { acknowledged: 25, sent: 26 },
  ],
  schema: { acknowledged: 5, sent: 5 },
}

function found(first: number, second: number, begun: number, done: number): Markers {
  return { writers: [first, second], schema: { begun, done } }
}

test('everything from what was acknowledged before to what was sent at the end is within bounds', () => {
  expect(outOfBounds(found(10, 20, 3, 3), before, after)).toEqual([])
  expect(outOfBounds(found(15, 26, 5, 5), before, after)).toEqual([])
})

test('an acknowledged operation that is missing and one that was never sent are out of bounds', () => {
  expect(outOfBounds(found(9, 20, 3, 3), before, after)).toEqual(['writer 0: restored up to 9, expected 10 to 15'])
  expect(outOfBounds(found(10, 27, 3, 3), before, after)).toEqual(['writer 1: restored up to 27, expected 20 to 26'])
  expect(outOfBounds(found(10, 20, 6, 2), before, after)).toHaveLength(2)
})

test('the schema client creates and drops most of the catalogue, the same way each time', () => {
  const catalogue = schemaCatalogue(true)
  const names = (step: number): string[] => replaySchema('schema', catalogue, step).map(({ name }) => name)
  const seen = new Set(Array.from({ length: 100 }, (_, step) => names(step)).flat())
  expect(seen.size).toBe(catalogue.length)
  expect(names(100)).toEqual(names(100))
  expect(names(100).length).toBeLessThan(catalogue.length)
  expect(schemaCatalogue(false).some(({ type }) => type === 'VECTOR')).toBe(false)
})
