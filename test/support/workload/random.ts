/** Random choices that only depend on the seed: the same text gives the same choices on every machine. */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed any text, such as `soak/2/17` */
  constructor(seed: string) {
    ;[this.#a, this.#b, this.#c] = [hash(seed, 0x9e3779b9), hash(seed, 0x85ebca6b), hash(seed, 0xc2b2ae35)]
    for (let round = 0; round < 12; round++) this.#word()
  }

  /** 32 random bits (the generator sfc32). */
  #word(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }

  /** A number from 0 up to, but never, 1. */
  fraction(): number {
    return this.#word() / 0x1_0000_0000
  }

  /** A whole number from `least` to `most`, both possible. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError('nothing to pick from')
    return items[this.between(0, items.length - 1)]!
  }

  /** As many different items as asked for, or all of them. */
  sample<Item>(items: readonly Item[], count: number): Item[] {
    const rest = [...items]
    const chosen: Item[] = []
    while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(this.between(0, rest.length - 1), 1))
    return chosen
  }

  /** A key of the table, chosen in proportion to its weight. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const entries = Object.entries(weights) as [Key, number][]
    let at = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      at -= weight
      if (at < 0) return key
    }
    return entries.findLast(([, weight]) => weight > 0)![0]
  }

  /** An unsigned number of the given width. */
  bits(width: number): bigint {
    let value = 0n
    for (let word = 0; word < width; word += 32) value = (value << 32n) | BigInt(this.#word())
    return BigInt.asUintN(width, value)
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#word() & 0xff)
  }
}

/** FNV-1a with a final mix. */
function hash(text: string, start: number): number {
  let value = start
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d)
  return (value ^ (value >>> 15)) | 0
}
