import { integrityError } from '../core/errors.ts'
import type { Access } from './access.ts'
import { encodings } from './block.ts'
import type { BlockReader } from './blockSource.ts'
import { type BlockTable, readBlockTable } from './blockTable.ts'
import { filesOf, type Manifest } from './manifest.ts'
import type { ReusableBlocks } from './reusable.ts'

/** Which file a block is a part of, and its number in the file. */
export interface BlockOrigin {
  path: string
  block: number
}

/** A block to store another as a difference to. */
export interface BaseBlock {
  /** Its row in the known blocks. */
  row: number
  plain: Buffer
  /** To be called once the plaintext is not needed any more. */
  giveBack: () => void
}

/**
 * Finds for a block that has changed what was at its place in the backup before, so that only the difference need be stored:
 * a database changes a few records in many pages. The backup before is the newest of the same stores.
 */
export class BaseBlocks {
  readonly #reusable: ReusableBlocks
  readonly #table: BlockTable | undefined
  readonly #files: Map<string, Manifest['databases'][number]['files'][number]>

  private constructor(reusable: ReusableBlocks, table: BlockTable | undefined, files: Manifest['databases'][number]['files']) {
    this.#reusable = reusable
    this.#table = table
    this.#files = new Map(files.map((file) => [file.path, file]))
  }

  /** @param stores what `storeKey` makes of the stores being backed up */
  static async find(
    access: Access,
    reusable: ReusableBlocks,
    { stores, blockSize, signal }: { stores: readonly string[]; blockSize: number; signal: AbortSignal },
  ): Promise<BaseBlocks> {
    const before = reusable.backups.findLast(
      (manifest) =>
        manifest.blockSize === blockSize && manifest.databases.some((database) => stores.includes(storeKey(database))),
    )
    try {
      if (before) return new BaseBlocks(reusable, await readBlockTable(access, before, { signal }), [...filesOf(before)])
    } catch (error) {
      // Without its table there is nothing to build on, and blocks are stored whole.
      integrityError(error)
    }
    return new BaseBlocks(reusable, undefined, [])
  }

  /** @returns undefined where there was no such block before, or none of that length, or it cannot be read any more. */
  async read({ path, block }: BlockOrigin, length: number, reader: BlockReader): Promise<BaseBlock | undefined> {
    const file = this.#files.get(path)
    if (!this.#table || !file || block >= file.blocks) return undefined
    const index = file.firstBlock + block
    const { encoding, base } = this.#table.location(index)
    const row = this.#wholeRow(this.#table.id(encoding === encodings.difference ? base : index), length)
    if (row === undefined) return undefined
    const { blocks, packs } = this.#reusable
    const location = blocks.location(row)
    const read = await reader.read({ index: row, id: blocks.id(row), pack: packs[location.pack]!.id, location })
    return read.error ? undefined : { row, plain: read.plain, giveBack: read.giveBack }
  }

  /** The row of a block that an earlier backup has stored whole. */
  #wholeRow(id: Buffer, length: number): number | undefined {
    const { blocks, packs } = this.#reusable
    const row = blocks.find(id)
    if (row === undefined) return undefined
    const { pack, plain, encoding } = blocks.location(row)
    return pack < packs.length && plain === length && encoding !== encodings.difference ? row : undefined
  }
}

/** Names a store across backups. */
export function storeKey({ name, storeId }: { name: string; storeId: { creationTime: string; random: string } }): string {
  return `${name} ${storeId.creationTime} ${storeId.random}`
}
