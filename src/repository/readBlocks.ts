import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { encodings } from './block.ts'
import type { WantedBlock } from './blockRuns.ts'
import { readWantedBlocks } from './blockSource.ts'
import type { BlockTable } from './blockTable.ts'

/** A part of a block table; all of it by default. */
export interface BlockRange {
  first: number
  count: number
}

/** What has to be read for a part of a table, in its order. */
function* wantedBlocks(table: BlockTable, range: BlockRange = { first: 0, count: table.length }): Generator<WantedBlock> {
  for (let index = range.first; index < range.first + range.count; index++) {
    yield wantedBlock(table, index)
  }
}

/** What has to be read for one row of a table. */
function wantedBlock(table: BlockTable, index: number): WantedBlock {
  const location = table.location(index)
  const pack = location.encoding === encodings.zero ? '' : table.packs[location.pack]!.id
  const base = location.encoding === encodings.difference ? wantedBlock(table, location.base) : undefined
  return { index, id: table.id(index), pack, location, base }
}

/**
 * Yields the plaintext of blocks in the order of the table, each checked by its SHA-256. One long range is much faster than many short ones,
 * so read a whole backup at once and cut the stream at the files' borders. A block is lent: its memory is used again once the next is asked for.
 * @throws HoldfastError `integrity` where a block is damaged or missing.
 */
export async function* lendBlocks(
  access: Access,
  table: BlockTable,
  range?: BlockRange,
  options: StorageOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  for await (const { plain, error } of readWantedBlocks(access, wantedBlocks(table, range), options)) {
    options.signal?.throwIfAborted()
    if (error) throw error
    yield plain
  }
}

/** The same, each block in memory that is the caller's to keep. */
export async function* readBlocks(...asked: Parameters<typeof lendBlocks>): AsyncGenerator<Buffer, void, undefined> {
  for await (const lent of lendBlocks(...asked)) yield Buffer.from(lent)
}
