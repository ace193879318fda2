import fc from 'fast-check'
import { hash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Encoding, encodings, isZero } from '../../../src/repository/block.ts'
import { blockWork } from '../../../src/repository/blockWork.ts'
import { patterned } from '../../support/streams.ts'

function encoded(plain: Buffer, base?: Buffer): { encoding: Encoding; data: Buffer } {
  const room = Buffer.alloc(plain.length)
  const { encoding, length } = blockWork.encode(plain, room, base)
  return { encoding, data: encoding === encodings.raw ? plain : room.subarray(0, length) }
}

describe('encoding and decoding blocks', () => {
  test('each comes back whole, alone or as the difference to another', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300_000 }),
        fc.nat(9),
        fc.constantFrom('random', 'text', 'changed'),
        (length, seed, kind) => {
          const base = patterned(length, seed)
          const plain = kind === 'text' ? Buffer.alloc(length, `text ${seed} `) : Buffer.from(base)
          if (kind === 'changed') plain[seed % length]! ^= 1
          const { encoding, data } = encoded(plain, kind === 'changed' ? base : undefined)
          if (kind === 'changed' && length > 1000) expect(encoding).toBe(encodings.difference)
          const back = Buffer.alloc(length, 0xff)
          const stored = { data, encoding, base: encoding === encodings.difference ? base : undefined }
          expect(blockWork.decode(back, stored)).toEqual({ digest: hash('sha256', plain, 'buffer') })
          expect(back.equals(plain)).toBe(true)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a block of the largest size that does not compress stays as it is', () => {
    const block = patterned(8 * 1024 * 1024)
    const { encoding, data } = encoded(block)
    expect([encoding, data === block]).toEqual([encodings.raw, true])
  })

  test('a difference that is too large is not taken', () => {
    const base = patterned(100_000, 1)
    const { encoding, data } = encoded(Buffer.alloc(100_000, 'some text '), base)
    expect(encoding).toBe(encodings.zstd)
    expect(zstdDecompressSync(data).equals(Buffer.alloc(100_000, 'some text '))).toBe(true)
  })

  test('a frame that is cut, or longer than it should be is told', () => {
    const plain = Buffer.alloc(100_000, 'some text ')
    const { data, encoding } = encoded(plain)
    const decoded = (stored: Buffer, length: number, as: Encoding = encoding) =>
      blockWork.decode(Buffer.alloc(length), { data: stored, encoding: as })
    expect(decoded(data, plain.length)).toEqual({ digest: hash('sha256', plain, 'buffer') })
    for (let cut = 0; cut < data.length; cut++) {
      expect(decoded(data.subarray(0, cut), plain.length)).toEqual({ problem: expect.any(String), authentic: true })
    }
    expect(decoded(data, plain.length - 1)).toHaveProperty('problem')
    expect(decoded(data, plain.length + 1)).toHaveProperty('problem', '100000 bytes')
    expect(decoded(plain, 5, encodings.raw)).toHaveProperty('problem', '100000 bytes')
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
