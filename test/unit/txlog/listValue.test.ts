import { expect, test } from 'vitest'
import { propertyValue } from '../../../src/txlog/commands/propertyValue.ts'
import { type Bits, block, decodedBlock, doubleBits, valueOf } from '../../support/commandBytes.ts'

const shortArray = (type: number, width: number, elements: readonly (number | bigint)[]): Bits[] => [
  [type, 4],
  [elements.length, 6],
  [width % 64, 6],
  ...elements.map((element): Bits => [element, width]),
]

test.each<[string, number, number, (number | bigint)[], unknown]>([
  ['boolean', 1, 1, [1, 0, 1], [true, false, true]],
  ['integer', 6, 3, [1, 7, 0, 5], [1n, 7n, 0n, 5n]],
  ['integer', 6, 64, [-1n, 5n], [-1n, 5n]],
  ['integer', 5, 32, [-7, 7], [-7n, 7n]],
  ['integer', 3, 16, [-7, 7], [-7n, 7n]],
  ['string', 4, 16, [97, 0x17e], ['a', 'ž']],
  ['float', 7, 32, [0x3fc00000], [1.5]],
  ['float', 8, 64, [doubleBits(0.1)], [0.1]],
  ['float', 8, 1, [0, 0], [0, 0]],
])('short lists of %s, in type %i and %i bits', (of, type, width, elements, value) => {
  expect(valueOf(12, shortArray(type, width, elements), 32)).toEqual({ type: 'list', of, value })
})

test('short byte arrays', () => {
  expect(valueOf(12, shortArray(2, 8, [255, 0, 128]), 32)).toEqual({ type: 'bytes', value: Buffer.from([255, 0, 128]) })
})

const stored = (type: 9 | 10, ...records: Uint8Array[]) => propertyValue(decodedBlock({ ...block(5, type, [[77, 36]]), records }))
const longs = (...values: (number | bigint)[]) => {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [index, value] of values.entries()) bytes.writeBigInt64LE(BigInt(value), index * 8)
  return Buffer.concat([Buffer.from([6, 8, 64]), bytes])
}
const text = (value: string) => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(Buffer.byteLength(value))
  return Buffer.concat([length, Buffer.from(value)])
}

test('a long text in several records, cut within a character', () => {
  const bytes = Buffer.from('ž'.repeat(100))
  expect(stored(9, bytes.subarray(0, 101), bytes.subarray(101))).toEqual({ type: 'string', value: 'ž'.repeat(100) })
})

test.each<[string, Buffer, string, unknown]>([
  ['odd widths', Buffer.from([6, 7, 5, 0b00100001, 0b01111100]), 'integer', [1n, 1n, 31n]],
  ['nothing', Buffer.from([6, 8, 0]), 'integer', []],
  ['booleans', Buffer.from([1, 3, 1, 0b101]), 'boolean', [true, false, true]],
  ['floats', Buffer.from([7, 8, 32, 0, 0, 0xc0, 0x3f]), 'float', [1.5]],
  ['texts', Buffer.concat([Buffer.from([9, 0, 0, 0, 3]), text('a'), text(''), text('žž')]), 'string', ['a', '', 'žž']],
  ['dates', Buffer.concat([Buffer.from([14, 1]), longs(-1, 20_000)]), 'date', ['1969-12-31', '2024-10-04']],
  ['local times', Buffer.concat([Buffer.from([14, 2]), longs(1_000_000_000)]), 'local time', ['00:00:01']],
  ['local datetimes', Buffer.concat([Buffer.from([14, 3]), longs(-1, 5)]), 'local datetime', ['1969-12-31T23:59:59.000000005']],
  ['times', Buffer.concat([Buffer.from([14, 4]), longs(1_000_000_000, -3600)]), 'time', ['00:00:01-01:00']],
  [
    'datetimes',
    Buffer.concat([Buffer.from([14, 5]), longs(0, 0, (7200 << 1) | 1, 0, 9, 220 << 1)]),
    'datetime',
    ['1970-01-01T02:00:00+02:00', '1970-01-01T00:00:00.000000009Z[Europe/Prague]'],
  ],
  ['durations', Buffer.concat([Buffer.from([14, 6]), longs(1, 2, -3, 4)]), 'duration', ['P1M2DT-2.999999996S']],
  [
    'points',
    Buffer.concat([Buffer.from([13, 1, 2, 1, 0x10, 0xe6, 8, 8, 64]), Buffer.from(new Float64Array([1, 2, -3, 4]).buffer)]),
    'point',
    [
      { srid: 4326, coordinates: [1, 2] },
      { srid: 4326, coordinates: [-3, 4] },
    ],
  ],
])('long lists: %s', (_, bytes, of, value) => {
  expect(stored(10, bytes.subarray(0, 5), bytes.subarray(5))).toEqual({ type: 'list', of, value })
})

test('a long value that the log leaves out is undefined', () => {
  expect(stored(9)).toBeUndefined()
  expect(stored(10)).toBeUndefined()
})

test.each([
  [[]],
  [[0]],
  [[6, 8]],
  [[6, 9, 8, 1]],
  [[9, 0, 0, 0, 9, 0]],
  [[9, 255, 255, 255, 255]],
  [[9, 0, 0, 0, 1, 0, 0, 0, 9]],
  [[13, 1, 0, 0, 0, 0, 8, 8, 64]],
  [[14, 9, 6, 8, 64]],
  [[14]],
])('an array of the bytes %j is said to be unreadable', (bytes) =>
  expect(stored(10, Buffer.from(bytes.length === 0 ? [99] : bytes))?.type).toBe('unreadable'),
)
