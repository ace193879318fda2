/** A stretch of a file, filled at its end and dropped from its beginning, so that a stream of chunks can be read across their borders. */
export class ByteWindow {
  readonly #buffer: Buffer
  /** What the window holds. */
  bytes: Buffer
  /** The same memory; only the first `bytes.length` bytes mean anything. */
  readonly view: DataView
  /** Offset in the file of the first byte. */
  offset: number

  /** An empty window that holds at most `length` bytes, from `offset` in the file on. */
  constructor(length: number, offset: number) {
    this.#buffer = Buffer.allocUnsafeSlow(length)
    this.view = new DataView(this.#buffer.buffer)
    this.bytes = this.#buffer.subarray(0, 0)
    this.offset = offset
  }

  /** Copies bytes of the chunk from `from` on, as many as fit, and says how many. */
  fill(chunk: Uint8Array, from: number): number {
    const { length } = this.bytes
    const part = chunk.subarray(from, from + this.#buffer.length - length)
    this.#buffer.set(part, length)
    this.bytes = this.#buffer.subarray(0, length + part.length)
    return part.length
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.bytes.length)
    this.bytes = this.#buffer.subarray(0, this.bytes.length - count)
    this.offset += count
  }
}
