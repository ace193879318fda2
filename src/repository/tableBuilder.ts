import { hash } from 'node:crypto'
import { encodings, type Encoding } from './block.ts'
import { rowLength, writeRow } from './blockRow.ts'
import type { PackReference } from './blockTable.ts'
import type { Manifest } from './manifest.ts'
import type { ReusableBlocks } from './reusable.ts'

/** Set in the pack number of a row while its block is stored by this backup. */
const ownPacks = 0x8000_0000

/** What a block table is made of. */
interface BuiltTable {
  packs: PackReference[]
  /** Number of blocks; the rows behind theirs are those of bases. */
  length: number
  rows: Buffer
  totals: Omit<Manifest['totals'], 'storedBytes'>
}

/** A place in the table; `row` is set as soon as it is known which block is there. */
export interface Entry {
  /** Bytes. */
  readonly length: number
  /** The block's row in the known blocks; a block of zeros has none. */
  row?: number | 'zero'
}

/** Collects the blocks of a new backup in order, each known one as a reference to where it lies already. */
export class TableBuilder {
  readonly #reusable: ReusableBlocks
  readonly #entries: Entry[] = []
  /** Bytes of all blocks in the table. */
  size = 0

  constructor(reusable: ReusableBlocks) {
    this.#reusable = reusable
  }

  get length(): number {
    return this.#entries.length
  }

  /** Forgets the blocks from an index on, also those whose row is not known yet; a block stored meanwhile stays known. */
  rewind(length: number): void {
    for (const entry of this.#entries.splice(length)) this.size -= entry.length
  }

  /** Takes the next place for a block of zeros, which needs no storage. */
  addZero(length: number): void {
    this.reserve(length).row = 'zero'
  }

  /** Takes the next place in the table; `identify` says which block is there. */
  reserve(length: number): Entry {
    const entry = { length }
    this.#entries.push(entry)
    this.size += length
    return entry
  }

  /** Says which block is at a place. @returns its row to `locate` it by, where it has to be stored. */
  identify(entry: Entry, id: Buffer): number | undefined {
    const { blocks } = this.#reusable
    const known = blocks.find(id)
    if (known !== undefined) {
      entry.row = known
      return undefined
    }
    entry.row = blocks.add(id, { pack: ownPacks, offset: 0, stored: 0, plain: entry.length, encoding: encodings.raw, base: 0 })
    return entry.row
  }

  /** Says where a new block lies; `pack` counts the packs of this backup. */
  locate(row: number, found: { pack: number; offset: number; stored: number; encoding: Encoding; base: number }): void {
    const { blocks } = this.#reusable
    blocks.set(row, blocks.id(row), { ...found, pack: ownPacks + found.pack, plain: blocks.location(row).plain })
  }

  /** The content of the block table, and its totals; `own` are the packs of this backup. */
  build(own: readonly PackReference[]): BuiltTable {
    const { blocks } = this.#reusable
    const packs = new Map<number, { index: number; pack: PackReference }>()
    const indexOf = (number: number) => {
      const pack = number >= ownPacks ? own[number - ownPacks] : this.#reusable.packs[number]
      if (!packs.has(number)) packs.set(number, { index: packs.size, pack: pack! })
      return packs.get(number)!.index
    }
    const zeroIds = new Map<number, Buffer>()
    const stored = new Set<number>()
    const rows = Buffer.alloc(this.#entries.length * rowLength)
    const bases = new Map<number, { index: number; row: Buffer }>()
    const baseOf = (row: number) => {
      if (!bases.has(row)) {
        const written = Buffer.alloc(rowLength)
        const location = blocks.location(row)
        writeRow(written, 0, blocks.id(row), { ...location, pack: indexOf(location.pack) })
        bases.set(row, { index: this.#entries.length + bases.size, row: written })
      }
      return bases.get(row)!.index
    }
    let newBytes = 0
    for (const [index, { row, length }] of this.#entries.entries()) {
      const at = index * rowLength
      if (row === undefined) throw new Error(`block ${index} has not been identified`)
      if (row === 'zero') {
        if (!zeroIds.has(length)) zeroIds.set(length, hash('sha256', Buffer.alloc(length), 'buffer'))
        writeRow(rows, at, zeroIds.get(length)!, {
          pack: 0,
          offset: 0,
          stored: 0,
          plain: length,
          encoding: encodings.zero,
          base: 0,
        })
        continue
      }
      const location = blocks.location(row)
      const base = location.encoding === encodings.difference ? baseOf(location.base) : 0
      writeRow(rows, at, blocks.id(row), { ...location, pack: indexOf(location.pack), base })
      if (location.pack < ownPacks || stored.has(row)) continue
      stored.add(row)
      newBytes += length
    }
    const totals = { size: this.size, blocks: this.#entries.length, newBlocks: stored.size, newBytes }
    const length = this.#entries.length
    return {
      packs: Array.from(packs.values(), ({ pack }) => pack),
      length,
      rows: Buffer.concat([rows, ...Array.from(bases.values(), (base) => base.row)]),
      totals,
    }
  }
}
