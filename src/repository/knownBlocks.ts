import { type BlockLocation, rowId, rowLength, rowLocation, writeRow } from './blockRow.ts'

const rowsPerChunk = 16 * 1024

/**
 * Blocks by id, in compact memory: 48 bytes and about 8 for the hash table per block, 0.5 MB per GB of distinct data.
 * A row's number never changes.
 */
export class KnownBlocks {
  readonly #chunks: Buffer[] = []
  #slots = new Uint32Array(4096)
  #count = 0

  get size(): number {
    return this.#count
  }

  /** The row of a block; undefined for an unknown one. */
  find(id: Buffer): number | undefined {
    const found = this.#slots[this.#slot(id)]
    return found === 0 || found === undefined ? undefined : found - 1
  }

  /** Adds a block that is not known yet and returns its row. */
  add(id: Buffer, location: BlockLocation): number {
    if ((this.#count + 1) * 2 > this.#slots.length) this.#grow()
    const row = this.#count++
    if (row % rowsPerChunk === 0) this.#chunks.push(Buffer.alloc(rowsPerChunk * rowLength))
    this.#slots[this.#slot(id)] = row + 1
    this.set(row, id, location)
    return row
  }

  /** Says where a block lies now. */
  set(row: number, id: Buffer, location: BlockLocation): void {
    const { chunk, at } = this.#place(row)
    writeRow(chunk, at, id, location)
  }

  id(row: number): Buffer {
    const { chunk, at } = this.#place(row)
    return rowId(chunk, at)
  }

  location(row: number): BlockLocation {
    const { chunk, at } = this.#place(row)
    return rowLocation(chunk, at)!
  }

  #place(row: number): { chunk: Buffer; at: number } {
    return { chunk: this.#chunks[Math.floor(row / rowsPerChunk)]!, at: (row % rowsPerChunk) * rowLength }
  }

  /** The slot that holds the id, or the free one where it belongs: ids are uniform, so their first bytes are the hash. */
  #slot(id: Buffer): number {
    const mask = this.#slots.length - 1
    for (let slot = id.readUInt32LE(0) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!
      if (found === 0 || this.id(found - 1).equals(id)) return slot
    }
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (let row = 0; row < this.#count; row++) this.#slots[this.#slot(this.id(row))] = row + 1
  }
}
