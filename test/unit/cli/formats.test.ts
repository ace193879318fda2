import { expect, test } from 'vitest'
import { formatDuration, formatMoment } from '../../../src/cli/durations.ts'
import { formatPercent, formatRate, formatSize } from '../../../src/cli/sizes.ts'
import { formatFacts, formatTable } from '../../../src/cli/table.ts'
import { rate } from '../../../src/config/rate.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [9994, '9.99 kB'],
  [9995, '10.0 kB'],
  [99_949, '99.9 kB'],
  [99_950, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.00 MB'],
  [812_345_678, '812 MB'],
  [1_250_000_000, '1.25 GB'],
  [7_000_000_000_000, '7.00 TB'],
])('%d bytes are %s', (bytes, text) => expect(formatSize(bytes)).toBe(text))

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [59_940, '59.9 s'],
  [59_960, '1 min'],
  [125_000, '2 min 5 s'],
  [3_599_600, '1 h'],
  [11_040_000, '3 h 4 min'],
  [183_600_000, '2 d 3 h'],
])('%d milliseconds are %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text))

test.each([
  ['1', 1],
  ['800B', 800],
  ['20M', 20_000_000],
  ['20MB', 20_000_000],
  ['20mb/s', 20_000_000],
  ['20 MB/s', 20_000_000],
  ['1.5G', 1_500_000_000],
  ['150kB', 150_000],
  ['20MiB', 20 * 1024 ** 2],
  ['2Gi/s', 2 * 1024 ** 3],
])('%s is %d bytes a second', (text, bytes) => expect(rate.parse(text)).toBe(bytes))

test.each(['', '0', '0MB', '-1MB', 'fast', '20X', '20MBps', '20iB', 'MB', '1e3'])('%j is no rate', (text) =>
  expect(rate.safeParse(text).success).toBe(false),
)

test('rates and shares', () => {
  expect(formatRate(420_000_000, 2000)).toBe('210 MB/s')
  expect(formatRate(1, 0)).toBe('–')
  expect(formatPercent(999, 1000)).toBe('99 %')
  expect(formatPercent(11, 10)).toBe('100 %')
  expect(formatPercent(0, 0)).toBe('–')
})

test('a moment is in UTC', () => expect(formatMoment(new Date('2026-11-22T10:15:00.999Z'))).toBe('2026-11-22 10:15:00 UTC'))

test('a table aligns its columns', () => {
  const columns = [
    { title: 'id', value: (row: { id: string }) => row.id },
    { title: 'size', value: (row: { size: number }) => String(row.size), align: 'right' as const },
    { title: 'note', value: () => '' },
  ]
  const rows = [
    { id: 'a', size: 5 },
    { id: 'long', size: 12_345 },
  ]
  expect(formatTable(rows, columns)).toBe(['id     size  note', 'a         5', 'long  12345'].join('\n'))
})

test('facts leave out what is not known', () => {
  expect(
    formatFacts([
      ['database', 'neo4j'],
      ['schema', undefined],
      ['size', '1 MB'],
    ]),
  ).toBe('database  neo4j\nsize      1 MB')
})
