/** Takes pieces of a wanted length from a stream of chunks of any length. Holds little more than the piece asked for. */
export class ByteReader implements AsyncDisposable {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #tooShort: (wanted: number, found: number) => Error
  #waiting: Buffer = Buffer.alloc(0)
  #taken = 0

  /** @param tooShort makes the error for a stream that ends before the wanted bytes, after so many of all. */
  constructor(chunks: AsyncIterable<Uint8Array>, tooShort: (wanted: number, found: number) => Error) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#tooShort = tooShort
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    let size = 0
    while (size < length) {
      if (this.#waiting.length === 0 && !(await this.#fill())) throw this.#tooShort(length, this.#taken + size)
      const part = this.#waiting.subarray(0, length - size)
      this.#waiting = this.#waiting.subarray(part.length)
      parts.push(part)
      size += part.length
    }
    this.#taken += length
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  async atEnd(): Promise<boolean> {
    return this.#waiting.length === 0 && !(await this.#fill())
  }

  async #fill(): Promise<boolean> {
    for (;;) {
      const { value, done } = await this.#chunks.next()
      if (done === true) return false
      if (value.length === 0) continue
      this.#waiting = Buffer.from(value.buffer, value.byteOffset, value.length)
      return true
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return?.()
  }
}
