/** Bytes: the smallest part that S3 allows is 5 MiB. */
export const smallestPart = 5 * 1024 * 1024
const firstAllocation = 64 * 1024

/** Memory of finished parts that is used again. */
export class PartMemory {
  readonly size: number
  readonly #free: Buffer[] = []

  constructor(size: number) {
    this.size = size
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.size)
  }

  /** Only what `take` gave, or a start of it, may be given back. */
  giveBack(part: Buffer): void {
    if (part.buffer.byteLength === this.size) this.#free.push(Buffer.from(part.buffer as ArrayBuffer))
  }
}

/**
 * Cuts a stream into parts of exactly the memory's size, the last one shorter or, where there is nothing, empty. Chunks are copied.
 * A body that ends within its first part takes little more memory than it has bytes.
 */
export async function* partsOf(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  memory: PartMemory,
): AsyncGenerator<{ part: Buffer; last: boolean }> {
  let filling: Buffer = Buffer.allocUnsafeSlow(Math.min(firstAllocation, memory.size))
  let filled = 0
  let full: Buffer | undefined
  for await (const chunk of body) {
    for (let copied = 0; copied < chunk.length;) {
      if (full) {
        yield { part: full, last: false }
        full = undefined
        filling = memory.take()
      }
      if (filled === filling.length) filling = grown(filling, memory)
      const length = Math.min(chunk.length - copied, filling.length - filled)
      filling.set(chunk.subarray(copied, copied + length), filled)
      copied += length
      filled += length
      if (filled === memory.size) {
        // Held back until more comes, for whoever takes it must know whether it is the last one.
        full = filling
        filled = 0
      }
    }
  }
  yield { part: full ?? filling.subarray(0, filled), last: true }
}

function grown(filling: Buffer, memory: PartMemory): Buffer {
  const size = Math.min(filling.length * 4, memory.size)
  const larger = size === memory.size ? memory.take() : Buffer.allocUnsafeSlow(size)
  filling.copy(larger)
  return larger
}
