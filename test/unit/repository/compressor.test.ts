import fc from 'fast-check'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeBlock, encodings, isZero } from '../../../src/repository/block.ts'
import { Compressor } from '../../../src/repository/compressor.ts'
import { patterned } from '../../support/streams.ts'

describe('compressing blocks', () => {
  test('each of many at once becomes a frame of its own that holds it whole', async () => {
    using compressor = new Compressor()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(300_000), fc.nat(9), fc.boolean()), { maxLength: 30 }), async (shapes) => {
        const blocks = shapes.map(([length, seed, random]) =>
          random ? patterned(length, seed) : Buffer.alloc(length, `text ${seed} `),
        )
        const frames = await Promise.all(blocks.map(async (block) => compressor.compress(block)))
        expect(frames.map((frame, index) => zstdDecompressSync(frame).equals(blocks[index]!))).toEqual(blocks.map(() => true))
      }),
      { numRuns: 25 },
    )
  })

  test('a block of the largest size that does not compress comes back whole', async () => {
    using compressor = new Compressor()
    const block = patterned(8 * 1024 * 1024)
    const frames = await Promise.all(Array.from({ length: 6 }, async () => compressor.compress(block)))
    expect(frames.every((frame) => zstdDecompressSync(frame).equals(block))).toBe(true)
  })

  test('a frame that is cut, or longer than it should be is told', async () => {
    using compressor = new Compressor()
    const plain = Buffer.alloc(100_000, 'some text ')
    const frame = await compressor.compress(plain)
    expect(await decodeBlock(frame, encodings.zstd, plain.length)).toEqual(plain)
    for (let cut = 0; cut < frame.length; cut++) {
      expect(await decodeBlock(frame.subarray(0, cut), encodings.zstd, plain.length)).toBeTypeOf('string')
    }
    expect(await decodeBlock(frame, encodings.zstd, plain.length - 1)).toBeTypeOf('string')
    expect(await decodeBlock(frame, encodings.zstd, plain.length + 1)).toBe('100000 bytes')
    expect(await decodeBlock(plain, encodings.raw, 5)).toBe('100000 bytes')
  })

  test('zeros are told from what only begins with them', () => {
    for (const length of [1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
      const block = Buffer.alloc(length)
      expect(isZero(block)).toBe(true)
      for (const at of [0, length - 1, length >> 1]) {
        const other = Buffer.from(block)
        other[at] = 1
        expect(isZero(other)).toBe(false)
      }
    }
  })
})
