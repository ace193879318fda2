import { type BlockLocation, rowId, rowLength, rowLocation, writeRow } from './blockRow.ts'

const rowsPerChunk = 16 * 1024

type Place = Pick<BlockLocation, 'pack' | 'offset'>

/**
 * Blocks by id, in compact memory: 52 bytes a row and 8 to 16 in the hash table, 0.3 MB per GB of distinct data in blocks of 256 KiB.
 * A row's number never changes.
 */
export class KnownBlocks {
  readonly #chunks: Buffer[] = []
  #slots = new Uint32Array(4096)
  #count = 0

  get size(): number {
    return this.#count
  }

  /** The row of a block, at one place only if that is given; undefined for an unknown one. */
  find(id: Buffer, place?: Place): number | undefined {
    const found = this.#slots[this.#slot(id, place)]
    return found === 0 || found === undefined ? undefined : found - 1
  }

  /** Adds a block that is not known yet (at this place, where `distinct` is `places`) and returns its row. */
  add(id: Buffer, location: BlockLocation, distinct: 'ids' | 'places' = 'ids'): number {
    if ((this.#count + 1) * 2 > this.#slots.length) this.#grow()
    const row = this.#count++
    if (row % rowsPerChunk === 0) this.#chunks.push(Buffer.alloc(rowsPerChunk * rowLength))
    this.#slots[this.#slot(id, distinct === 'places' ? location : undefined)] = row + 1
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
  #slot(id: Buffer, place?: Place): number {
    const mask = this.#slots.length - 1
    for (let slot = id.readUInt32LE(0) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!
      if (found === 0 || (this.id(found - 1).equals(id) && (!place || this.#liesAt(found - 1, place)))) return slot
    }
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (let row = 0; row < this.#count; row++) this.#slots[this.#slot(this.id(row), this.location(row))] = row + 1
  }

  #liesAt(row: number, { pack, offset }: Place): boolean {
    const location = this.location(row)
    return location.pack === pack && location.offset === offset
  }
}
