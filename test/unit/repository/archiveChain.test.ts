import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ArchiveListing, StoredSegment } from '../../../src/repository/archive.ts'
import { chainOf, coverFrom, type Link } from '../../../src/repository/archiveChain.ts'
import type { Lineage } from '../../../src/repository/lineage.ts'

const segment = (lineage: string, first: number, last: number): StoredSegment => ({
  lineage,
  first,
  last,
  checksum: 0,
  latest: 0,
  logVersion: 0,
  start: first * 100,
  end: (last + 1) * 100,
  stored: 1,
})

const lineage = (id: string, branch?: Lineage['branch']): [string, Lineage] => [
  id,
  {
    id,
    database: 'neo4j',
    storeId: { creationTime: '0', random: '0' },
    ...(branch ? { branch } : {}),
    created: '2026-01-01T00:00:00.000Z',
  },
]

const listing = (segments: StoredSegment[]): ArchiveListing => ({ segments, lineages: [], gaps: [] })
const words = (links: readonly Link[]): string[] =>
  links.map(({ segment: { lineage: of, first, last }, upTo }) => `${of} ${first}-${last} to ${upTo}`)

describe('the chain of a lineage', () => {
  test('goes through its parents up to where it left each', () => {
    const lineages = new Map([
      lineage('root'),
      lineage('b', { parent: 'root', after: 50 }),
      lineage('c', { parent: 'b', after: 40 }),
      lineage('other', { parent: 'root', after: 10 }),
    ])
    const all = listing([
      segment('root', 1, 30),
      segment('root', 31, 60),
      segment('root', 61, 90),
      segment('b', 51, 70),
      segment('c', 41, 45),
      segment('other', 11, 20),
    ])
    expect(words(chainOf('root', all, lineages))).toEqual(['root 1-30 to 30', 'root 31-60 to 60', 'root 61-90 to 90'])
    expect(words(chainOf('b', all, lineages))).toEqual(['root 1-30 to 30', 'root 31-60 to 50', 'b 51-70 to 70'])
    expect(words(chainOf('c', all, lineages))).toEqual(['root 1-30 to 30', 'root 31-60 to 40', 'c 41-45 to 45'])
    expect(words(chainOf('other', all, lineages))).toEqual(['root 1-30 to 10', 'other 11-20 to 20'])
  })

  test('ends where a parent is not described, or where lineages go round in a circle', () => {
    const all = listing([segment('a', 1, 5), segment('b', 6, 9)])
    expect(words(chainOf('b', all, new Map([lineage('b', { parent: 'gone', after: 5 })])))).toEqual(['b 6-9 to 9'])
    const round = new Map([lineage('a', { parent: 'b', after: 100 }), lineage('b', { parent: 'a', after: 5 })])
    expect(words(chainOf('b', all, round))).toEqual(['a 1-5 to 5', 'b 6-9 to 9'])
  })
})

describe('the cover', () => {
  const links = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 15 })), { maxLength: 14 })
    .map((pairs) => chainOf('a', listing(pairs.map(([first, more]) => segment('a', first, first + more))), new Map()))

  /** One transaction after the other, as long as any link holds the next one. */
  const reach = (from: readonly Link[], after: number): number => {
    let last = after
    while (from.some(({ segment: { first }, upTo }) => first <= last + 1 && upTo >= last + 1)) last += 1
    return last
  }

  test('reaches as far as the links do without a gap, leaves none, and is as small as can be', () =>
    fc.assert(
      fc.property(links, fc.integer({ min: 0, max: 45 }), (from, after) => {
        const cover = coverFrom(from, after)
        expect(cover.at(-1)?.upTo ?? after).toBe(reach(from, after))
        let last = after
        for (const { segment: of, upTo } of cover) {
          expect(of.first).toBeLessThanOrEqual(last + 1)
          expect(upTo).toBeGreaterThan(last)
          last = upTo
        }
        for (const left of cover) {
          const rest = from.filter((link) => cover.includes(link) && link !== left)
          expect(reach(rest, after)).toBeLessThan(reach(from, after))
        }
      }),
    ))

  test('with parents, each transaction is taken from the lineage it belongs to', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('root', 'b', 'c'), fc.integer({ min: 1, max: 60 }), fc.nat(12)), { maxLength: 20 }),
        fc.integer({ min: 5, max: 50 }),
        fc.integer({ min: 5, max: 50 }),
        (pieces, leftRoot, leftB) => {
          const lineages = new Map([
            lineage('root'),
            lineage('b', { parent: 'root', after: leftRoot }),
            lineage('c', { parent: 'b', after: leftB }),
          ])
          // No lineage has segments of what it has in common with its parent.
          const begins = { root: 1, b: leftRoot + 1, c: leftB + 1 }
          const segments = pieces.map(([of, first, more]) => {
            const from = Math.max(first, begins[of])
            return segment(of, from, from + more)
          })
          const owner = (id: number): string => (id > leftB ? 'c' : id > leftRoot ? 'b' : 'root')
          const held = (id: number): boolean =>
            segments.some(({ lineage: of, first, last }) => of === owner(id) && first <= id && id <= last)
          const found = coverFrom(chainOf('c', listing(segments), lineages), 0)
          let last = 0
          while (held(last + 1)) last += 1
          expect(found.at(-1)?.upTo ?? 0).toBe(last)
        },
      ),
    ))
})
