import { crc32c as native } from '@node-rs/crc32'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c, crc32cOfZeros, indexOfNonZero } from '../../../src/txlog/crc32c.ts'

test('knows the check value of CRC-32C', () => {
  expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283)
})

test('agrees with the native checksum, whole and continued', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), fc.nat(1000), (bytes, cut) => {
      const buffer = Buffer.from(bytes)
      const middle = Math.min(cut, buffer.length)
      const expected = native(buffer)
      expect(crc32c(buffer, 0, buffer.length)).toBe(expected)
      expect(crc32c(buffer, middle, buffer.length, crc32c(buffer, 0, middle))).toBe(expected)
    }),
  )
})

test.each([0, 1, 255, 65_536, 200_000])('sums %i zeros', (count) => {
  expect(crc32cOfZeros(count, 0x12345678)).toBe(native(Buffer.alloc(count), 0x12345678))
})

test('finds the first byte that is not zero', () => {
  const bytes = Buffer.alloc(200_000)
  expect(indexOfNonZero(bytes, 0)).toBe(-1)
  expect(indexOfNonZero(bytes, bytes.length)).toBe(-1)
  for (const at of [0, 1, 65_535, 65_536, 199_999]) {
    bytes[at] = 1
    expect(indexOfNonZero(bytes, Math.max(0, at - 7))).toBe(at)
    expect(indexOfNonZero(bytes, at + 1)).toBe(-1)
    bytes[at] = 0
  }
})
