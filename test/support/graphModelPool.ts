/** A set that also picks by position in constant time, in an order that only depends on what was added and deleted. */
export class Pool {
  readonly #items: string[] = []
  readonly #positions = new Map<string, number>()

  get size(): number {
    return this.#items.length
  }

  get items(): readonly string[] {
    return this.#items
  }

  has(item: string): boolean {
    return this.#positions.has(item)
  }

  add(item: string): void {
    if (this.#positions.has(item)) return
    this.#positions.set(item, this.#items.length)
    this.#items.push(item)
  }

  delete(item: string): void {
    const position = this.#positions.get(item)
    if (position === undefined) return
    const last = this.#items.pop()!
    this.#positions.delete(item)
    if (last === item) return
    this.#items[position] = last
    this.#positions.set(last, position)
  }
}
