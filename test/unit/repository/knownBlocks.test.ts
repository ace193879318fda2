import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodings } from '../../../src/repository/block.ts'
import type { BlockLocation } from '../../../src/repository/blockRow.ts'
import { KnownBlocks } from '../../../src/repository/knownBlocks.ts'
import { patterned } from '../../support/streams.ts'

const at = (offset: number, pack = 0): BlockLocation => ({
  pack,
  offset,
  stored: 5,
  plain: 9,
  encoding: encodings.zstd,
  base: 0,
})

describe('known blocks', () => {
  test('behave like a map, also where ids begin alike', () => {
    // Ids from a small alphabet make long chains in the hash table.
    const id = fc.tuple(fc.nat(3), fc.nat(40)).map(([start, end]) => {
      const bytes = Buffer.alloc(32, start)
      bytes[31] = end
      return bytes
    })
    fc.assert(
      fc.property(fc.array(id, { maxLength: 300 }), (ids) => {
        const blocks = new KnownBlocks()
        const model = new Map<string, number>()
        for (const each of ids) {
          const key = each.toString('hex')
          expect(blocks.find(each)).toBe(model.get(key))
          if (!model.has(key)) model.set(key, blocks.add(each, at(model.size)))
        }
        expect(blocks.size).toBe(model.size)
        for (const [key, row] of model) expect(blocks.id(row).toString('hex')).toBe(key)
      }),
      { numRuns: 50 },
    )
  })

  test('hold many, and keep where each lies', () => {
    const blocks = new KnownBlocks()
    const ids = patterned(40_000 * 32)
    for (let row = 0; row < 40_000; row++) blocks.add(ids.subarray(row * 32, row * 32 + 32), at(row, row % 7))
    blocks.set(123, blocks.id(123), {
      pack: 0xffff_ffff,
      offset: 0xffff_fffe,
      stored: 0xffff_fffd,
      plain: 0xff_ffff,
      encoding: encodings.raw,
      base: 0xffff_fffc,
    })
    const wrong = Array.from({ length: 40_000 }, (_, row) => row).filter((row) => {
      const found = blocks.find(ids.subarray(row * 32, row * 32 + 32))
      return found !== row || (row !== 123 && (blocks.location(row).offset !== row || blocks.location(row).pack !== row % 7))
    })
    expect(wrong).toEqual([])
    expect(blocks.location(123)).toEqual({
      pack: 0xffff_ffff,
      offset: 0xffff_fffe,
      stored: 0xffff_fffd,
      plain: 0xff_ffff,
      encoding: encodings.raw,
      base: 0xffff_fffc,
    })
  })

  test('tell places of one block apart where they are asked to', () => {
    const blocks = new KnownBlocks()
    const id = patterned(32)
    for (let offset = 0; offset < 500; offset++) {
      expect(blocks.find(id, at(offset))).toBeUndefined()
      expect(blocks.add(id, at(offset), 'places')).toBe(offset)
    }
    expect(blocks.find(id, at(432))).toBe(432)
    expect(blocks.find(id, at(432, 1))).toBeUndefined()
    expect(blocks.find(id)).toBe(0)
  })
})
