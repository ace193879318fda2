import { describe, expect, test } from 'vitest'
import { demoVerdict } from '../../../src/demo/demoReport.ts'

const undone = {
  deleted: 40,
  writtenBefore: 300,
  found: { label: 'Note', deleted: 40, transaction: 900, committed: '2026-11-26T12:00:00.000Z' },
  restored: { count: 300, last: 300 },
  restore: { verdict: 'good' as const },
}
const seen = {
  writes: { confirmedBefore: 200, begunAfter: 220, confirmedAtEnd: 300, restored: { count: 210, last: 210 } },
  restore: { verdict: 'good' as const },
  mistake: undone,
}
const writes = (count: number, last: number) => ({ writes: { ...seen.writes, restored: { count, last } } })
const mistake = (change: Partial<Parameters<typeof demoVerdict>[0]['mistake']>) => ({ mistake: { ...undone, ...change } })

describe('[demo.proof] the verdict of the demo', () => {
  test.each([
    ['somewhere between what was confirmed before and begun after', {}],
    ['all that was confirmed before', writes(200, 200)],
    ['all that was begun after', writes(220, 220)],
  ])('is good where the restored writes are %s', (_, change) => {
    expect(demoVerdict({ ...seen, ...change })).toBe('good')
  })

  test.each([
    ['a write in the middle is missing', writes(209, 210)],
    ['a write that was confirmed is missing', writes(199, 199)],
    ['there is a write that was not begun', writes(221, 221)],
    ['a check of the restore failed', { restore: { verdict: 'bad' as const } }],
    ['the mistake was not found', mistake({ found: null, restore: null })],
    ['the mistake that was found is another one', mistake({ found: { ...undone.found, deleted: 39 } })],
    ['a write from before the mistake is missing', mistake({ restored: { count: 299, last: 300 } })],
    ['the last write from before the mistake is missing', mistake({ restored: { count: 299, last: 299 } })],
    ['a write from after the mistake is there', mistake({ restored: { count: 301, last: 301 } })],
    ['a check of what was restored to before the mistake failed', mistake({ restore: { verdict: 'bad' } })],
  ])('is bad where %s', (_, change) => {
    expect(demoVerdict({ ...seen, ...change })).toBe('bad')
  })
})
