import { expect, test } from 'vitest'
import { type Bits, doubleBits, valueOf } from '../../support/commandBytes.ts'

/** The bits of text packed by its place in an alphabet. */
function packed(packing: number, width: number, alphabet: string, text: string): Bits[] {
  return [[packing, 5], [text.length, 6], ...[...text].map((character): Bits => [alphabet.indexOf(character), width])]
}

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const lower = upper.toLowerCase()
const wide = ` ${upper}01234_${lower}56789`
const european = Array.from({ length: 64 }, (_, at) => String.fromCharCode(0xc0 + at)).join('')

test.each<[string, number, string, string]>([
  ['digits', 1, "0123456789 .-+,'", "-12,345.60 +'"],
  ['dates', 2, '0123456789 -:/+,', '2026-11-22 10:39/+,'],
  ['upper case', 3, ` ${upper}_.-:/`, 'UPPER_CASE.-:/ Z'],
  ['lower case', 4, ` ${lower}_.-:/`, 'lower_case.-:/ z'],
  ['addresses', 5, `,${lower}_.-+@`, 'some.body+x@example,z'],
  ['symbols', 6, ` ${lower}?????0123456789_.-:/+,'@|;*?&%#()$<>=`, "a9_.-:/+,'@|;*&%#()$<>= z"],
  ['letters and digits', 7, wide, 'Az09_ 45Za'],
  ['names', 8, ` ${upper}_.-:/;${lower}+,'@|`, "Az_.-:/;+,'@| "],
  ['european', 9, european.replace('×', '.').replace('÷', '-') + wide, 'ÀÿÖØöø.-Žx'.replace('Ž', 'é')],
  ['lower hex', 11, '0123456789abcdef', 'deadbeef0123456789'],
  ['upper hex', 12, '0123456789ABCDEF', 'DEADBEEF0123456789'],
])('short texts packed as %s', (_, packing, alphabet, text) => {
  const width = Math.log2(alphabet.length)
  expect(valueOf(11, packed(packing, width, alphabet, text), 32)).toEqual({ type: 'string', value: text })
})

test.each(['', 'x', 'Žluťoučký 🙂', '"\\\u0000'])('short text %j in UTF-8', (text) => {
  const bytes = [...Buffer.from(text)]
  const bits: Bits[] = [[0, 5], [bytes.length, 6], ...bytes.map((byte): Bits => [byte, 8])]
  expect(valueOf(11, bits, 32)).toEqual({ type: 'string', value: text })
})

test.each<[string, number, Bits[], unknown]>([
  ['true', 1, [[1, 1]], true],
  ['false', 1, [[0, 1]], false],
  ['a byte', 2, [[-5, 8]], -5n],
  ['a short', 3, [[-300, 16]], -300n],
  ['a character', 4, [['ž'.charCodeAt(0), 16]], 'ž'],
  ['an int', 5, [[-2_000_000_000, 32]], -2_000_000_000n],
  [
    'a small long',
    6,
    [
      [1, 1],
      [2 ** 35 - 1, 35],
    ],
    2n ** 35n - 1n,
  ],
  [
    'the least long',
    6,
    [
      [0, 36],
      [-(2n ** 63n), 64],
    ],
    -(2n ** 63n),
  ],
  [
    'a long beyond safe numbers',
    6,
    [
      [0, 36],
      [2n ** 63n - 1n, 64],
    ],
    2n ** 63n - 1n,
  ],
  ['a float', 7, [[0x3fc00000, 32]], 1.5],
  ['a negative float', 7, [[0xbfc00000, 32]], -1.5],
  [
    'a double',
    8,
    [
      [0, 36],
      [doubleBits(-0.1), 64],
    ],
    -0.1,
  ],
  [
    'minus zero',
    8,
    [
      [0, 36],
      [doubleBits(-0), 64],
    ],
    -0,
  ],
])('%s', (_, type, bits, value) => expect(valueOf(type, bits)?.value).toEqual(value))

const unused: Bits = [0, 27]

test('points', () => {
  const bits: Bits[] = [[1, 4], [3, 4], [2, 4], [9157, 16], [0, 8], ...[1, -2, 0.5].map((at): Bits => [doubleBits(at), 64])]
  expect(valueOf(13, bits)).toEqual({ type: 'point', value: { srid: 9157, coordinates: [1, -2, 0.5] } })
})

test.each<[string, number, Bits[]]>([
  ['a type that is not known', 15, [[0, 36]]],
  ['a second word that is not there', 6, [[0, 36]]],
  ['a double without its word', 8, [[0, 36]]],
  ['a packing that is not known', 11, [[31, 5], [1, 6], unused]],
  [
    'a text that is longer than its words',
    11,
    [
      [10, 5],
      [63, 6],
    ],
  ],
  [
    'a list that is longer than its words',
    12,
    [
      [6, 4],
      [63, 6],
      [63, 6],
    ],
  ],
  [
    'a list of no known type',
    12,
    [
      [0, 4],
      [1, 6],
      [1, 6],
    ],
  ],
  [
    'a point that is none',
    13,
    [
      [2, 4],
      [2, 4],
    ],
  ],
  [
    'a point without coordinates',
    13,
    [
      [1, 4],
      [2, 4],
    ],
  ],
  ['a date of no known kind', 14, [[7, 4]]],
  ['a datetime without its words', 14, [[5, 4]]],
])('%s is said to be unreadable', (_, type, bits) => expect(valueOf(type, bits)?.type).toBe('unreadable'))
