import { describe, expect, test } from 'vitest'
import { headroomOf, logRate } from '../../../src/archive/headroom.ts'
import { parseLogRetention } from '../../../src/neo4j/logRetention.ts'

const day = 86_400_000
const gibibyte = 1024 ** 3

test.each([
  ['2 days', { size: null, time: 2 * day }],
  ['2 days 2G', { size: 2 * gibibyte, time: 2 * day }],
  ['24 hours', { size: null, time: day }],
  ['500M size', { size: 500 * 1024 ** 2, time: null }],
  ['10 files', { size: null, time: null }],
  ['100k txs 5G', { size: 5 * gibibyte, time: null }],
  ['keep_all', { size: null, time: null }],
  ['keep_none', { size: 0, time: null }],
])('the retention %s', (text, retention) => {
  expect(parseLogRetention(text)).toEqual(retention)
})

test('another text is refused', () => {
  expect(() => parseLogRetention('two weeks')).toThrow(/such as '2 days 2G', found "two weeks"/)
})

describe('headroom', () => {
  const retention = parseLogRetention('2 days 2G')

  test('is all that Neo4j keeps where nothing is behind', () => {
    expect(headroomOf(retention, { bytes: 0, since: undefined }, 0, 0)).toEqual({
      bytes: 2 * gibibyte,
      seconds: (2 * day) / 1000,
    })
  })

  test('is what is left of the size at the present rate, or of the time, whichever ends first', () => {
    const now = 10 * day
    const behind = { bytes: gibibyte, since: now - day }
    expect(headroomOf(retention, behind, 1024 ** 2, now)).toEqual({ bytes: gibibyte, seconds: 1012 })
    expect(headroomOf(retention, behind, 1, now)).toEqual({ bytes: gibibyte, seconds: 86_393 })
    expect(headroomOf(parseLogRetention('2 days'), behind, 1, now)).toEqual({ bytes: null, seconds: day / 1000 })
    expect(headroomOf(retention, { bytes: 3 * gibibyte, since: now }, 1, now)).toMatchObject({ bytes: 0, seconds: 0 })
  })

  test('where nothing has been archived for long, what waits tells the rate', () => {
    const behind = { bytes: gibibyte, since: 0 }
    expect(headroomOf(parseLogRetention('2G size'), behind, 0, day)).toEqual({ bytes: gibibyte, seconds: day / 1000 })
    // What was only just written tells nothing of an hour.
    expect(headroomOf(parseLogRetention('2G size'), { bytes: gibibyte, since: day }, 0, day)).toMatchObject({ seconds: 3600 })
  })

  test('is unknown where nothing limits the log', () => {
    expect(headroomOf(parseLogRetention('keep_all'), { bytes: 5, since: 1 }, 1, 2)).toEqual({ bytes: null, seconds: null })
  })

  test('the rate is that of the last hour', () => {
    const segment = { lineage: 'x', first: 1, last: 1, checksum: 0, logVersion: 0, start: 100 }
    const now = 10 * day
    expect(
      logRate(
        [
          { ...segment, end: 36_100, latest: now - 1 },
          { ...segment, end: 1e9, latest: now - day },
        ],
        now,
      ),
    ).toBe(10)
  })
})
