import type { Random } from './random.ts'

const latin = characters(0xc0, 0xff).filter((character) => character !== '×' && character !== '÷')

/**
 * One alphabet for each way Neo4j packs a short string, then some that it never packs.
 * The lengths used cross the limit of every packing.
 */
const alphabets: readonly (readonly string[])[] = [
  [...'0123456789 .-+,'],
  [...'0123456789 -:/+,'],
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ _.-:/'],
  [...'abcdefghijklmnopqrstuvwxyz _.-:/'],
  [...'abcdefghijklmnopqrstuvwxyz,_.-+@'],
  [..."abcdefghijklmnopqrstuvwxyz0123456789_.-:/+,'@|;*?&%#()$<>="],
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _'],
  [...latin, ...'ABCabc012 _'],
  [...characters(0x20, 0x7e), ...characters(0xa0, 0xff)],
  [...'0123456789abcdef'],
  [...'0123456789ABCDEF'],
  [...'ąęłžščЖдшδλΩשלוםعربي漢字かなカナ한국어'],
  ['🙂', '𝔘', '🇨🇿', '👩‍🚀', 'e\u0301', '\u200f', '\u0000', '\t', '\n', '"', '\\', "'", '`', '\ufeff', '\uffff'],
]

/** A string over one random alphabet, of at most the given number of characters. */
export function randomString(random: Random, longest: number): string {
  const alphabet = random.pick(alphabets)
  const length = random.chance(0.05) ? 0 : random.between(1, random.chance(0.7) ? Math.min(longest, 24) : longest)
  return Array.from({ length }, () => random.pick(alphabet)).join('')
}

const syllables = ['ka', 'lo', 'mi', 'ru', 'sen', 'tor', 'vey', 'zan', 'bri', 'qua']

/** 100 made-up words: full-text indexes find each of them exactly as it is. */
export const words: readonly string[] = syllables.flatMap((first) => syllables.map((second) => first + second))

/** Words with spaces between. */
export function randomSentence(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.pick(words)).join(' ')
}

function characters(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index))
}
