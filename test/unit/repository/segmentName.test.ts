import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  branchLineage,
  gapName,
  lineageName,
  lineageOfName,
  parseGapName,
  parseSegmentName,
  rootLineage,
  rootOf,
  type SegmentName,
  segmentName,
} from '../../../src/repository/segmentName.ts'
import { checkName } from '../../../src/storage/names.ts'

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
const root = fc.record({ creationTime: fc.integer({ min: 0, max: 4_000_000_000_000 }), random: long }).map(rootLineage)
const id = fc.integer({ min: 1, max: 9_007_199_254_740_991 })
const checksum = fc.integer({ min: 0, max: 0xffff_ffff })
const lineage = fc.oneof(
  root,
  fc.tuple(root, id, checksum).map(([of, first, sum]) => branchLineage(of, { id: first, checksum: sum })),
)
const ordered = fc.tuple(id, id).map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a]))

const segment: fc.Arbitrary<SegmentName> = fc
  .record({
    lineage,
    ids: ordered,
    checksum,
    latest: fc.integer({ min: 0, max: 8.64e15 }),
    logVersion: fc.integer({ min: 0, max: 1_000_000 }),
    start: fc.integer({ min: 0, max: 1 << 30 }),
    length: fc.integer({ min: 1, max: 1 << 30 }),
  })
  .map(({ ids: [first, last], start, length, ...rest }) => ({ ...rest, first, last, start, end: start + length }))

test('a segment is what its name says, and the name is one that storage takes', () =>
  fc.assert(
    fc.property(segment, (named) => {
      const name = segmentName(named)
      checkName(name)
      expect(parseSegmentName(name)).toEqual(named)
    }),
  ))

test('names sort as their first transactions do', () =>
  fc.assert(
    fc.property(segment, segment, (a, b) => {
      const [one, other] = [a, { ...b, lineage: a.lineage }].map(segmentName)
      expect(a.first < b.first ? one! < other! : a.first > b.first ? one! > other! : true).toBe(true)
    }),
  ))

test('the objects of lineages and gaps are told from segments', () =>
  fc.assert(
    fc.property(lineage, ordered, (of, [first, last]) => {
      expect(lineageOfName(lineageName(of))).toBe(of)
      expect(parseGapName(gapName({ lineage: of, first, last }))).toEqual({ lineage: of, first, last })
      for (const name of [lineageName(of), gapName({ lineage: of, first, last })]) expect(parseSegmentName(name)).toBeUndefined()
      expect(of.startsWith(rootOf(of))).toBe(true)
    }),
  ))

test('a lineage and the one it branched off have the same root', () =>
  fc.assert(
    fc.property(root, id, checksum, (of, first, sum) => {
      expect(rootOf(branchLineage(of, { id: first, checksum: sum }))).toBe(of)
      expect(rootOf(of)).toBe(of)
    }),
  ))

describe('hostile names are none', () => {
  const good =
    'archive/20260101T000000000Z-00000000000000ff/0000000000000002-0000000000000009-00abcdef-1767225600000-3-128-4096.segment'
  const changes: [string, string, string][] = [
    ['a lineage that is none', '20260101T000000000Z-00000000000000ff', '..'],
    ['a lineage in capitals', '00000000000000ff', '00000000000000FF'],
    ['no lineage', '20260101T000000000Z-00000000000000ff/', ''],
    ['a folder more', '/0000000000000002', '/x/0000000000000002'],
    ['ids in the wrong order', '0000000000000009', '0000000000000001'],
    ['a shorter id', '0000000000000002', '2'],
    ['an id beyond what a number holds', '0000000000000009', '9999999999999999'],
    ['a checksum in capitals', '00abcdef', '00ABCDEF'],
    ['a moment that no date can hold', '1767225600000', '8640000000000001'],
    ['a negative moment', '1767225600000', '-1'],
    ['a padded version', '-3-', '-03-'],
    ['an end before the start', '128-4096', '4096-128'],
    ['an empty slice', '128-4096', '128-128'],
    ['an end beyond what a number holds', '4096', '9007199254740993'],
    ['another ending', '.segment', '.segment2'],
    ['a line break at the end', '.segment', '.segment\n'],
    ['something before it', 'archive/', 'x/archive/'],
  ]
  test('though this one is', () => expect(parseSegmentName(good)).toMatchObject({ first: 2, last: 9, start: 128, end: 4096 }))
  test.each(changes)('%s', (_, from, to) => {
    expect(good).toContain(from)
    expect(parseSegmentName(good.replace(from, to))).toBeUndefined()
  })
  test('whatever is flipped, a name is read as it is written or not at all', () =>
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, put) => {
        const name = good.slice(0, at) + put + good.slice(at + 1)
        const parsed = parseSegmentName(name)
        expect(parsed === undefined || segmentName(parsed) === name).toBe(true)
      }),
    ))
  test.each([
    'archive/x/0000000000000002-0000000000000009.gap',
    'archive/20260101T000000000Z-00000000000000ff/0000000000000009-0000000000000002.gap',
    'archive/20260101T000000000Z-00000000000000ff/2-9.gap',
  ])('no gap: %s', (name) => expect(parseGapName(name)).toBeUndefined())
  test.each(['archive/x/lineage', 'archive/20260101T000000000Z-00000000000000ff/lineage/x', 'lineage'])(
    'no lineage: %s',
    (name) => expect(lineageOfName(name)).toBeUndefined(),
  )
})
