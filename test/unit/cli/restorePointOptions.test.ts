import { describe, expect, test } from 'vitest'
import { restorePointOf } from '../../../src/cli/restorePointOptions.ts'
import { holdfast } from '../../support/holdfast.ts'

const now = new Date('2026-06-01T12:00:00Z')
const time = now.getTime()

describe('the point that options name', () => {
  test.each([
    [{}, undefined],
    [{ latest: true }, { kind: 'latest' }],
    [{ toTime: time }, { kind: 'time', time: now }],
    [{ toTx: 17 }, { kind: 'transaction', id: 17 }],
    [{ beforeTx: 17 }, { kind: 'transaction', id: 16 }],
  ])('%j', (options, point) => expect(restorePointOf({ latest: false, ...options }, now)).toEqual(point))

  test.each([
    { latest: true, toTx: 3 },
    { latest: false, toTx: 3, beforeTx: 4 },
    { latest: false, toTime: time, beforeTx: 0 },
    { latest: true, toTime: time, toTx: 1, beforeTx: 1 },
  ])('is one only: %j', (options) => {
    expect(() => restorePointOf(options, now)).toThrow('give only one of --latest, --to-time, --to-tx and --before-tx')
  })

  test('is not in the future', () => {
    const toTime = time + 1
    expect(() => restorePointOf({ latest: false, toTime }, now)).toThrow('has not come yet: it is 2026-06-01T12:00:00.000Z')
  })
})

describe('on the command line', () => {
  const start = ['restore', 'start', '--to-dir', '/nowhere', '--repo', '/nowhere/either']

  test.each([
    ['2026-06-01T12:00:00', 'expected a time zone at the end'],
    ['2026-06-01', 'expected a time zone at the end'],
    ['yesterday', 'expected a time zone at the end'],
    ['1780315200', 'expected a time zone at the end'],
    ['', 'expected a time zone at the end'],
    ['2026-13-01T12:00:00Z', 'expected a moment such as'],
    ['2026-02-30T12:00:00Z', 'expected a moment such as'],
    ['2026-06-01T25:00:00Z', 'expected a moment such as'],
    ['2026-06-01T12:00:00.1234Z', 'expected a moment such as'],
  ])('a moment without its zone, or that is none, is refused: %j', async (text, message) => {
    expect(await holdfast(...start, '--to-time', text)).toMatchObject({
      exitCode: 2,
      error: { code: 'usage', message: expect.stringContaining(message) },
    })
  })

  test.each(['2026-06-01T12:00:00Z', '2026-06-01T12:00:00.250+01:00', '2026-06-01T12:00:00-05:30'])(
    'a moment with its zone is taken: %s',
    async (text) => {
      // It comes as far as the repository, which is not there.
      expect(await holdfast(...start, '--to-time', text)).toMatchObject({ error: { code: 'repository' } })
    },
  )

  test.each([
    ['--to-tx', 'x'],
    ['--to-tx', '-1'],
    ['--to-tx', '1.5'],
    ['--to-tx', '99999999999999999'],
    ['--before-tx', '0x10'],
  ])('%s %s is no transaction', async (flag, text) => {
    expect(await holdfast(...start, `${flag}=${text}`)).toMatchObject({ exitCode: 2, error: { code: 'usage' } })
  })
})
