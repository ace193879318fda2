import { expect, test } from 'vitest'
import { missingLog } from '../../../src/archive/missingLog.ts'

const range = (text: string): { first: number; last: number } => {
  const [first, last] = text.split('-').map(Number)
  return { first: first!, last: last! }
}

test.each([
  [[], []],
  [['5-9'], []],
  [['5-9', '10-12'], []],
  [['10-12', '5-9'], []],
  [
    ['5-9', '11-12', '15-15'],
    ['10-10', '13-14'],
  ],
  [['5-20', '6-9', '22-30', '23-24', '31-31'], ['21-21']],
])('of %j is missing %j', (known, missing) => {
  expect(missingLog(known.map(range))).toEqual(missing.map(range))
})
