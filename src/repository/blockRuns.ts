import { allBytes } from '../core/allBytes.ts'
import { HoldfastError, integrityError } from '../core/errors.ts'
import type { ByteRange, Storage, StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { encodings } from './block.ts'
import type { BlockLocation } from './blockRow.ts'
import { packName } from './names.ts'
import { damage } from './sealed.ts'

/** A block to read: where it lies, and what it must be. */
export interface WantedBlock {
  /** The caller's own number for it. */
  index: number
  id: Buffer
  pack: string
  location: BlockLocation
  /** The block that a difference is to. */
  base?: WantedBlock | undefined
}

/** Bytes that one read takes at most, and those it may take in vain between two blocks. */
const runLength = 2 * 1024 * 1024
const gapLength = 64 * 1024

/** Blocks of one pack, near each other and in its order. */
export interface Run {
  pack: string
  offset: number
  end: number
  blocks: WantedBlock[]
}

/** A run of one block. */
export function runOf(block: WantedBlock): Run {
  const { offset, stored } = block.location
  return { pack: block.pack, offset, end: offset + stored, blocks: [block] }
}

/** Groups blocks, in their order, into runs that one read each brings. */
export function* gatherRuns(wanted: Iterable<WantedBlock>): Generator<Run> {
  let run: Run | undefined
  for (const block of wanted) {
    const { offset, stored } = block.location
    const end = offset + stored
    // Zero blocks lie nowhere, so they fit into any run.
    const fits =
      run &&
      (block.location.encoding === encodings.zero
        ? run.blocks.length < 1024
        : run.pack === block.pack && offset >= run.end && offset - run.end <= gapLength && end - run.offset <= runLength)
    if (run && fits) {
      run.blocks.push(block)
      if (stored > 0) run.end = end
    } else {
      if (run) yield run
      run = runOf(block)
    }
  }
  if (run) yield run
}

/** A block as it is stored, or why there is none. */
export interface StoredBlock {
  block: WantedBlock
  data: Buffer | HoldfastError
}

/** The blocks of a run, and the memory they all lie in, to be freed. */
export interface StoredRun {
  parts: StoredBlock[]
  memory: Uint8Array
}

/** Reads the blocks of a run. Damage comes as a value; storage that does not answer throws. */
export async function fetchRun(access: Access, run: Run, options: StorageOptions): Promise<StoredRun> {
  const { storage } = access
  const name = packName(run.pack)
  let bytes: Buffer
  try {
    bytes = await readRange(storage, name, { offset: run.offset, length: run.end - run.offset }, options)
  } catch (error) {
    const damaged = integrityError(error)
    const parts = run.blocks.map((block) => ({ block, data: block.location.stored > 0 ? damaged : Buffer.alloc(0) }))
    return { parts, memory: Buffer.alloc(0) }
  }
  const parts = run.blocks.map((block) => {
    const { offset, stored } = block.location
    const start = offset - run.offset
    if (stored === 0 || start + stored <= bytes.length) return { block, data: bytes.subarray(start, start + stored) }
    const found = `its end at byte ${run.offset + bytes.length}`
    return { block, data: damage(name, storage.location, `a block at bytes ${offset} to ${offset + stored}`, found) }
  })
  return { parts, memory: bytes }
}

async function readRange(storage: Storage, name: string, range: ByteRange, options: StorageOptions): Promise<Buffer> {
  return range.length > 0 ? allBytes(storage.get(name, { ...options, range })) : Buffer.alloc(0)
}
