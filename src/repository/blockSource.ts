import type { KeyObject } from 'node:crypto'
import { mapOrdered } from '../core/mapOrdered.ts'
import type { ByteRange, Storage, StorageOptions } from '../storage/storage.ts'
import { HoldfastError } from '../core/errors.ts'
import type { Access } from './access.ts'
import { blockId, decodeBlock, difference, encodings } from './block.ts'
import type { BlockLocation } from './blockRow.ts'
import { decrypt, objectKey, tagLength } from './encryption.ts'
import { packName } from './names.ts'
import { blockNonce } from './pack.ts'
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

/** A verified block, or why there is none, and which pack is to blame. */
export type ReadBlock =
  { block: WantedBlock; plain: Buffer; error?: never } | { block: WantedBlock; plain?: never; error: HoldfastError; pack: string }

/** Bytes that one read takes at most, and those it may take in vain between two blocks. */
const runLength = 2 * 1024 * 1024
const gapLength = 64 * 1024
const runsUnderWay = 3
const blocksUnderWay = 12

interface Run {
  pack: string
  offset: number
  end: number
  blocks: WantedBlock[]
}

/**
 * Reads blocks in the given order; neighbours in a pack come with one read, and blocks are decoded in parallel.
 * Holds about 8 MiB. Damage comes as a value, so that a reader can go on; storage that does not answer throws.
 */
export async function* readWantedBlocks(
  access: Access,
  wanted: Iterable<WantedBlock>,
  options: StorageOptions = {},
): AsyncGenerator<ReadBlock, void, undefined> {
  const decoder = new Decoder(access)
  const stored = mapOrdered(gather(wanted), runsUnderWay, async (run) => fetch(access, run, options))
  const readBase = async (base: WantedBlock): Promise<ReadBlock> => {
    const [part] = await fetch(access, runOf(base), options)
    return decoder.decode(part!)
  }
  yield* mapOrdered(flatten(stored), blocksUnderWay, async (part) => decoder.decode(part, readBase))
}

/** One block by itself. */
export async function readWantedBlock(access: Access, wanted: WantedBlock, options: StorageOptions = {}): Promise<ReadBlock> {
  for await (const read of readWantedBlocks(access, [wanted], options)) return read
  throw new Error('unreachable: one block in, one block out')
}

function runOf(block: WantedBlock): Run {
  const { offset, stored } = block.location
  return { pack: block.pack, offset, end: offset + stored, blocks: [block] }
}

function* gather(wanted: Iterable<WantedBlock>): Generator<Run> {
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

interface StoredBlock {
  block: WantedBlock
  data: Buffer | HoldfastError
}

async function fetch(access: Access, run: Run, options: StorageOptions): Promise<StoredBlock[]> {
  const { storage } = access
  const name = packName(run.pack)
  let bytes: Buffer
  try {
    bytes = await readRange(storage, name, { offset: run.offset, length: run.end - run.offset }, options)
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'integrity') throw error
    return run.blocks.map((block) => ({ block, data: block.location.stored > 0 ? error : Buffer.alloc(0) }))
  }
  return run.blocks.map((block) => {
    const { offset, stored } = block.location
    const start = offset - run.offset
    if (stored === 0 || start + stored <= bytes.length) return { block, data: bytes.subarray(start, start + stored) }
    const found = `its end at byte ${run.offset + bytes.length}`
    return { block, data: damage(name, storage.location, `a block at bytes ${offset} to ${offset + stored}`, found) }
  })
}

async function readRange(storage: Storage, name: string, range: ByteRange, options: StorageOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  if (range.length > 0) for await (const chunk of storage.get(name, { ...options, range })) chunks.push(chunk)
  const [only] = chunks
  return chunks.length === 1 && only ? Buffer.from(only.buffer, only.byteOffset, only.length) : Buffer.concat(chunks)
}

async function* flatten(runs: AsyncIterable<StoredBlock[]>): AsyncGenerator<StoredBlock> {
  for await (const run of runs) yield* run
}

class Decoder {
  readonly #access: Access
  #key: { pack: string; key: KeyObject } | undefined

  constructor(access: Access) {
    this.#access = access
  }

  async decode({ block, data }: StoredBlock, readBase?: (base: WantedBlock) => Promise<ReadBlock>): Promise<ReadBlock> {
    if (data instanceof HoldfastError) return { block, error: data, pack: block.pack }
    const { location } = block
    const bad = (expected: string, found: string) => {
      const where = `${expected} at bytes ${location.offset} to ${location.offset + location.stored}`
      return { block, error: damage(packName(block.pack), this.#access.storage.location, where, found), pack: block.pack }
    }
    if (location.encoding === encodings.zero) {
      const plain = Buffer.alloc(location.plain)
      return (await blockId(plain)).equals(block.id)
        ? { block, plain }
        : bad('a block of zeros', 'another SHA-256 in the block table')
    }
    const opened = this.#decrypt(block, data)
    if (!opened) return bad('a block encrypted for this pack and place', 'one that fails authentication')
    const decoded = await decodeBlock(opened, location.encoding, location.plain)
    if (typeof decoded === 'string') return bad(`a block of ${location.plain} bytes`, decoded)
    const base = block.base && readBase ? await readBase(block.base) : undefined
    if (base?.error) return { ...base, block }
    const plain = base ? difference(decoded, base.plain) : decoded
    const digest = await blockId(plain)
    if (!digest.equals(block.id)) return bad(`a block with SHA-256 ${block.id.toString('hex')}`, digest.toString('hex'))
    return { block, plain }
  }

  #decrypt({ pack, location }: WantedBlock, data: Buffer): Buffer | undefined {
    const { master } = this.#access
    if (!master) return data
    if (this.#key?.pack !== pack) this.#key = { pack, key: objectKey(master, packName(pack)) }
    return data.length < tagLength ? undefined : decrypt(this.#key.key, blockNonce(location.offset), data)
  }
}
