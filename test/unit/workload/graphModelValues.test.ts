import { Date as Day, DateTime, Duration, LocalDateTime, LocalTime, Point, Time } from 'neo4j-driver'
import { expect, test } from 'vitest'
import type { PropertyValue } from '../../support/graphModelValues.ts'
import { canonicalText } from '../../support/graphModelValues.ts'

test('values that differ in anything, also only in their type, have different texts', () => {
  const values: PropertyValue[] = [
    true,
    false,
    1n,
    1,
    0,
    -0,
    0n,
    -1n,
    NaN,
    0.1,
    0.1 + Number.EPSILON / 8,
    2 ** 53,
    2n ** 53n,
    '',
    '1',
    'true',
    ' ',
    'é',
    'e\u0301',
    [],
    [''],
    ['a, b'],
    ['a', 'b'],
    ['b', 'a'],
    [1n, 2n],
    [1, 2],
    [true],
    new Int8Array(0),
    Int8Array.of(1, 2),
    Int8Array.of(1, -2),
    new Day(2026, 1, 2),
    '2026-01-02',
    new LocalTime(1, 2, 3, 4),
    new LocalTime(1, 2, 3, 5),
    new Time(1, 2, 3, 4, 0),
    new Time(1, 2, 3, 4, 3600),
    new LocalDateTime(2026, 1, 2, 1, 2, 3, 4),
    new DateTime(2026, 1, 2, 1, 2, 3, 4, 3600, null),
    new DateTime(2026, 1, 2, 0, 2, 3, 4, 0, null),
    new DateTime(2026, 1, 2, 1, 2, 3, 4, 3600, 'Europe/Prague'),
    new DateTime(2026, 1, 2, 1, 2, 3, 4, 3600, 'Europe/Berlin'),
    new Duration(1, 0, 0, 0),
    new Duration(0, 30, 0, 0),
    new Duration(0, 0, 2_592_000, 0),
    new Point(4326, 1, 2),
    new Point(7203, 1, 2),
    new Point(4979, 1, 2, 0),
    new Point(9157, 1, 2, 0),
    new Point(9157, 1, 2, -0),
  ]
  const texts = values.map(canonicalText)
  expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([])
})

test('long values are told apart by a change anywhere in them, and their text is short', () => {
  const long = 'x'.repeat(100_000)
  const texts = [
    canonicalText(long),
    canonicalText(`${long.slice(0, 50_000)}y${long.slice(50_001)}`),
    canonicalText(`${long}x`),
    canonicalText(new Int8Array(100_000)),
    canonicalText(Int8Array.from({ length: 100_000 }, (_, index) => (index === 70_000 ? 1 : 0))),
    canonicalText(Array.from({ length: 10_000 }, () => 1n)),
    canonicalText(Array.from({ length: 10_000 }, (_, index) => (index === 9999 ? 2n : 1n))),
  ]
  expect(new Set(texts).size).toBe(texts.length)
  for (const text of texts) expect(text.length).toBeLessThan(300)
})

test('numbers the driver reads as bigint and numbers it was given have the same text inside dates and points', () => {
  expect(canonicalText(new Day(2026n, 1n, 2n))).toBe(canonicalText(new Day(2026, 1, 2)))
  expect(canonicalText(new Duration(1n, 2n, 3n, 4n))).toBe(canonicalText(new Duration(1, 2, 3, 4)))
})
