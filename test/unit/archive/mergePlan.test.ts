import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergedName, planMerge, redundant } from '../../../src/archive/mergePlan.ts'
import type { SegmentName } from '../../../src/repository/segmentName.ts'

const kilobyte = 1024
const megabyte = 1024 * kilobyte

interface Spec {
  count: number
  size?: number
  lineage?: string
  logVersion?: number
  /** Of the first. */
  first?: number
  start?: number
}

/** Segments of ten transactions each, one behind the other. */
function run({ count, size = kilobyte, lineage = 'a', logVersion = 0, first = 1, start = 0 }: Spec): SegmentName[] {
  return Array.from({ length: count }, (_, index) => ({
    lineage,
    first: first + index * 10,
    last: first + index * 10 + 9,
    checksum: index,
    latest: 1000 + ((index * 7) % 13),
    logVersion,
    start: start + index * size,
    end: start + (index + 1) * size,
  }))
}

describe('what is merged', () => {
  test('is nothing while there is little', () => {
    expect(planMerge([])).toBeUndefined()
    expect(planMerge(run({ count: 59 }))).toBeUndefined()
    expect(planMerge([...run({ count: 7 }), ...run({ count: 59, logVersion: 1, first: 71 })])).toBeUndefined()
  })

  test('are neighbours in one log file, once there are sixty', () => {
    const segments = run({ count: 60 })
    expect(planMerge(segments)).toEqual(segments)
    const [before, after] = [run({ count: 59 }), run({ count: 60, first: 600, start: 60 * kilobyte })]
    expect(planMerge([...before, ...after])).toEqual(after)
  })

  test('are eight already where no more can come to them: behind them is a larger one, or another file', () => {
    const segments = run({ count: 8 })
    const place = { count: 1, first: 81, start: 8 * kilobyte }
    expect(planMerge([...segments, ...run({ ...place, size: megabyte })])).toEqual(segments)
    expect(planMerge([...segments, ...run({ ...place, logVersion: 1, start: 0 })])).toEqual(segments)
    expect(planMerge([...segments, ...run({ ...place, start: 9 * kilobyte, size: megabyte })])).toBeUndefined()
  })

  test.each([
    ['0.1 KiB each', () => 100],
    ['1 KiB each', () => kilobyte],
    ['4 KiB each', () => 4 * kilobyte],
    ['20 KiB each', () => 20 * kilobyte],
    ['1 KiB and each minute 300 KiB', (second: number) => (second % 60 === 0 ? 300 * kilobyte : kilobyte)],
    ['1 KiB and each half minute 300 KiB', (second: number) => (second % 30 === 0 ? 300 * kilobyte : kilobyte)],
    ['0.2 KiB and each minute 10 KiB', (second: number) => (second % 60 === 0 ? 10 * kilobyte : 200)],
  ])('each byte is stored again about once for each class: %s', (_, sizeAt) => {
    let segments: SegmentName[] = []
    let [end, stored, most] = [0, 0, 0]
    for (let second = 0; second < 20_000; second++) {
      segments.push(...run({ count: 1, size: sizeAt(second), first: second * 10 + 1, start: end }))
      end += sizeAt(second)
      for (let parts = planMerge(segments); parts; parts = planMerge(segments)) {
        const merged = mergedName(parts)
        stored += merged.end - merged.start
        segments = segments.toSpliced(segments.indexOf(parts[0]!), parts.length, merged)
      }
      most = Math.max(most, segments.length)
    }
    expect(stored / end).toBeLessThan(3)
    expect(most).toBeLessThan(180)
  })

  test('a merged one is as large as its parts and says when the latest of them was committed', () => {
    const segments = run({ count: 60 })
    const merged = mergedName(segments)
    expect(merged).toMatchObject({ first: 1, last: 600, start: 0, end: 60 * kilobyte, checksum: 59, latest: 1012, logVersion: 0 })
    expect(planMerge([merged])).toBeUndefined()
  })

  test.each([
    { size: megabyte, merged: 64, fewer: 59 },
    { size: 3 * megabyte, merged: 21, fewer: 21 },
    { size: 15 * megabyte, merged: 4, fewer: 4 },
    { size: 16 * megabyte - 1, merged: 4, fewer: 4 },
  ])('are as many as make 64 MiB: $merged of $size bytes', ({ size, merged, fewer }) => {
    const parts = planMerge(run({ count: 70, size }))!
    expect(parts).toHaveLength(merged)
    expect(mergedName(parts).end).toBeLessThanOrEqual(64 * megabyte)
    expect(planMerge(run({ count: fewer, size }))).toBeUndefined()
  })

  test('what has 16 MiB or more stays', () => {
    expect(planMerge(run({ count: 70, size: 16 * megabyte }))).toBeUndefined()
    expect(planMerge(run({ count: 70, size: 20 * megabyte }))).toBeUndefined()
  })

  test('is always a run of one file and one lineage, whatever there is', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 70 }), fc.boolean(), fc.constantFrom('a', 'b')), { maxLength: 6 }),
        (specs) => {
          let first = 1
          const segments = specs.flatMap(([logVersion, count, gap, lineage]) => {
            const made = run({ count, lineage, logVersion, first: (first += gap ? 1 : 0), start: first * kilobyte })
            first += count * 10
            return made
          })
          const parts = planMerge(segments)
          for (const [index, part] of (parts ?? []).entries()) {
            if (index === 0) continue
            const { lineage, logVersion, end, last } = parts![index - 1]!
            expect([part.lineage, part.logVersion, part.start, part.first]).toEqual([lineage, logVersion, end, last + 1])
          }
        },
      ),
    ))
})

describe('what a merge that was killed left', () => {
  test('are the parts that the merged one holds', () => {
    const parts = run({ count: 3 })
    const by = mergedName(parts)
    const later = run({ count: 1, first: 31, start: 3 * kilobyte })
    expect(redundant([by, ...parts, ...later])).toEqual(parts.map((segment) => ({ segment, by })))
    expect(redundant([...parts, ...later])).toEqual([])
  })

  test('is nothing that is in another file, sticks out, or has other bytes under the same ids', () => {
    const [wide] = run({ count: 1, size: 10 * kilobyte })
    const inside = { ...wide!, first: 3, last: 5, start: 2 * kilobyte, end: 3 * kilobyte }
    expect(redundant([wide!, inside])).toHaveLength(1)
    const others = [{ logVersion: 1 }, { last: 11 }, { end: 11 * kilobyte }].map((change) => ({ ...inside, ...change }))
    for (const other of others) expect(redundant([wide!, other])).toEqual([])
  })

  test('never takes a transaction away', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(10), fc.nat(1)), { maxLength: 12 }), (pieces) => {
        const segments = pieces.map(([first, more, logVersion]) => ({
          ...run({ count: 1, logVersion })[0]!,
          first,
          last: first + more,
          start: first * 100,
          end: (first + more + 1) * 100,
        }))
        const left = new Set(redundant(segments).map(({ segment }) => segment))
        const kept = segments.filter((segment) => !left.has(segment))
        const ids = (of: readonly SegmentName[]): Set<string> =>
          new Set(
            of.flatMap(({ first, last, logVersion }) =>
              Array.from({ length: last - first + 1 }, (_, index) => `${logVersion} ${first + index}`),
            ),
          )
        expect(ids(kept)).toEqual(ids(segments))
      }),
    ))
})
