import { blockId, encodings, type Encoding } from './block.ts'
import { rowLength, writeRow } from './blockRow.ts'
import type { PackReference } from './blockTable.ts'
import type { Manifest } from './manifest.ts'
import type { ReusableBlocks } from './reusable.ts'

/** Set in the pack number of a row while its block is stored by this backup. */
const ownPacks = 0x8000_0000

/** Collects the blocks of a new backup in order, each known one as a reference to where it lies already. */
export class TableBuilder {
  readonly #reusable: ReusableBlocks
  /** For each block its row in the known blocks, or for a zero block -(its length). */
  readonly #entries: number[] = []
  /** Bytes of all blocks, and of those among them that are new. */
  size = 0
  newBytes = 0
  #newBlocks = 0

  constructor(reusable: ReusableBlocks) {
    this.#reusable = reusable
  }

  get length(): number {
    return this.#entries.length
  }

  /** Forgets the blocks from an index on; a block stored meanwhile stays known. */
  rewind(length: number): void {
    for (const entry of this.#entries.splice(length))
      this.size -= entry < 0 ? -entry : this.#reusable.blocks.location(entry).plain
  }

  /** Takes the next place in the table for a block of `length` bytes; `add` or `addZero` says which block it is. */
  reserve(length: number): number {
    this.size += length
    return this.#entries.push(Number.NaN) - 1
  }

  /** A block of zeros needs no storage. */
  addZero(index: number, length: number): void {
    this.#entries[index] = -length
  }

  /** Says which block is at a place. @returns its row to `locate` it by, where it has to be stored. */
  add(index: number, id: Buffer, length: number): number | undefined {
    const { blocks } = this.#reusable
    const known = blocks.find(id)
    const row = known ?? blocks.add(id, { pack: ownPacks, offset: 0, stored: 0, plain: length, encoding: encodings.raw })
    this.#entries[index] = row
    if (known !== undefined) return undefined
    this.#newBlocks += 1
    this.newBytes += length
    return row
  }

  /** Says where a new block lies; `pack` counts the packs of this backup. */
  locate(row: number, found: { pack: number; offset: number; stored: number; encoding: Encoding }): void {
    const { blocks } = this.#reusable
    blocks.set(row, blocks.id(row), { ...found, pack: ownPacks + found.pack, plain: blocks.location(row).plain })
  }

  /** The block table's packs and rows. */
  async build(own: readonly PackReference[]): Promise<{ packs: PackReference[]; rows: Buffer }> {
    const { blocks } = this.#reusable
    const packs: PackReference[] = []
    const indices = new Map<number, number>()
    const indexOf = (pack: number) => {
      if (!indices.has(pack))
        indices.set(pack, packs.push((pack >= ownPacks ? own[pack - ownPacks] : this.#reusable.packs[pack])!) - 1)
      return indices.get(pack)!
    }
    const zeroIds = new Map<number, Buffer>()
    const rows = Buffer.alloc(this.#entries.length * rowLength)
    for (const [index, entry] of this.#entries.entries()) {
      const at = index * rowLength
      if (entry < 0) {
        const plain = -entry
        if (!zeroIds.has(plain)) zeroIds.set(plain, await blockId(Buffer.alloc(plain)))
        writeRow(rows, at, zeroIds.get(plain)!, { pack: 0, offset: 0, stored: 0, plain, encoding: encodings.zero })
      } else {
        const location = blocks.location(entry)
        writeRow(rows, at, blocks.id(entry), { ...location, pack: indexOf(location.pack) })
      }
    }
    return { packs, rows }
  }

  totals(own: readonly PackReference[], tableSize: number): Manifest['totals'] {
    const storedBytes = own.reduce((sum, pack) => sum + pack.size, tableSize)
    return { size: this.size, blocks: this.#entries.length, newBlocks: this.#newBlocks, newBytes: this.newBytes, storedBytes }
  }
}
