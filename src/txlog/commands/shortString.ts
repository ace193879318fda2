import { readFewBits } from './bitStream.ts'
import type { Scalar } from './graphValue.ts'

const digits = '0123456789'
const lower = 'abcdefghijklmnopqrstuvwxyz'
const upper = lower.toUpperCase()
const signs = '_.-:/'
const wide = ` ${upper}01234_${lower}56789`

/** For each packing the bits of a character, and the characters in the order of their codes. */
const packings: Readonly<Record<number, { bits: number; characters: string }>> = {
  1: { bits: 4, characters: `${digits} .-+,'` },
  2: { bits: 4, characters: `${digits} -:/+,` },
  3: { bits: 5, characters: ` ${upper}${signs}` },
  4: { bits: 5, characters: ` ${lower}${signs}` },
  5: { bits: 5, characters: `,${lower}_.-+@` },
  // Five codes behind the letters mean nothing.
  6: { bits: 6, characters: ` ${lower}\0\0\0\0\0${digits}_.-:/+,'@|;*?&%#()$<>=` },
  7: { bits: 6, characters: wide },
  8: { bits: 6, characters: ` ${upper}${signs};${lower}+,'@|` },
  9: { bits: 7, characters: europeanLetters() + wide },
  11: { bits: 4, characters: `${digits}abcdef` },
  12: { bits: 4, characters: `${digits}ABCDEF` },
}

const utf8 = 0
const latin1 = 10
/** Behind the key, the type, the packing and the length. */
const firstBit = 39

/** Reads a text that is packed into the words of a property; undefined when they hold none. */
export function readShortString(bytes: Buffer, at: number, size: number): Scalar | undefined {
  const packing = readFewBits(bytes, at, 28, 5)
  const length = readFewBits(bytes, at, 33, 6)
  if (packing === utf8 || packing === latin1) {
    if (firstBit + length * 8 > size * 8) return undefined
    const text = Buffer.allocUnsafe(length)
    for (let index = 0; index < length; index++) text[index] = readFewBits(bytes, at, firstBit + index * 8, 8)
    return { type: 'string', value: text.toString(packing === utf8 ? 'utf8' : 'latin1') }
  }
  const known = packings[packing]
  if (known === undefined || firstBit + length * known.bits > size * 8) return undefined
  let text = ''
  for (let index = 0; index < length; index++) {
    text += known.characters[readFewBits(bytes, at, firstBit + index * known.bits, known.bits)]
  }
  return { type: 'string', value: text }
}

/** À to ÿ, with a dot and a dash in place of the two that are no letters. */
function europeanLetters(): string {
  const letters = Array.from({ length: 64 }, (_, index) => String.fromCharCode(0xc0 + index))
  return letters.join('').replace('×', '.').replace('÷', '-')
}
