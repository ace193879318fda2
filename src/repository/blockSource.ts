import { hash, type KeyObject } from 'node:crypto'
import { HoldfastError } from '../core/errors.ts'
import { freeMemory } from '../core/freeMemory.ts'
import { mapOrdered } from '../core/mapOrdered.ts'
import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { encodings } from './block.ts'
import { fetchRun, gatherRuns, runOf, type StoredBlock, type StoredRun, type WantedBlock } from './blockRuns.ts'
import { BlockThreads } from './blockThreads.ts'
import { objectKey } from './encryption.ts'
import { packName } from './names.ts'
import { blockNonce } from './pack.ts'
import { damage } from './sealed.ts'

/** A verified block, lent until `giveBack`, or why there is none, and which pack is to blame. */
export type ReadBlock =
  | { block: WantedBlock; plain: Buffer; giveBack: () => void; error?: never }
  | { block: WantedBlock; plain?: never; error: HoldfastError; pack: string }

const runsUnderWay = 3
const blocksUnderWay = 12

/**
 * Reads blocks in the given order; neighbours in a pack come with one read, and blocks are decoded in parallel. The plaintext of
 * one is lent until the next is asked for. Holds about 12 MiB. Damage comes as a value, so that a reader can go on; storage that
 * does not answer throws.
 */
export async function* readWantedBlocks(
  access: Access,
  wanted: Iterable<WantedBlock>,
  options: StorageOptions = {},
): AsyncGenerator<ReadBlock, void, undefined> {
  await using threads = new BlockThreads()
  const reader = new BlockReader(access, threads, options)
  const stored = mapOrdered(gatherRuns(wanted), runsUnderWay, async (run) => fetchRun(access, run, options))
  for await (const read of mapOrdered(flatten(stored), blocksUnderWay, async (part) => reader.decode(part))) {
    yield read
    if (!read.error) read.giveBack()
  }
}

async function* flatten(runs: AsyncIterable<StoredRun>): AsyncGenerator<StoredBlock> {
  for await (const { parts, memory } of runs) {
    yield* parts
    // Whoever asks for more has begun to decode the last part, and that begins with a copy.
    freeMemory(memory)
  }
}

/** Reads and verifies blocks one by one, each into memory of the threads that decode it. */
export class BlockReader {
  readonly #access: Access
  readonly #threads: BlockThreads
  readonly #options: StorageOptions
  #key: { pack: string; key: KeyObject } | undefined
  #zeros: { plain: Buffer; id: Buffer } | undefined

  constructor(access: Access, threads: BlockThreads, options: StorageOptions) {
    this.#access = access
    this.#threads = threads
    this.#options = options
  }

  async read(block: WantedBlock): Promise<ReadBlock> {
    const { parts, memory } = await fetchRun(this.#access, runOf(block), this.#options)
    const decoded = this.decode(parts[0]!)
    freeMemory(memory)
    return decoded
  }

  /** Copies the stored bytes before it returns, so that their memory can be used again. */
  async decode({ block, data }: StoredBlock): Promise<ReadBlock> {
    if (data instanceof HoldfastError) return { block, error: data, pack: block.pack }
    const { location } = block
    if (location.encoding === encodings.zero) return this.#zero(block)
    const slot = this.#threads.take(location.plain, data.length)
    const giveBack = (): void => this.#threads.give(slot)
    const plain = slot.plain.subarray(0, location.plain)
    const { length } = data
    data.copy(slot.stored)
    const base = block.base && (await this.read(block.base))
    const stored = {
      data: slot.stored.subarray(0, length),
      encoding: location.encoding,
      cipher: this.#cipher(block),
      base: base?.plain,
    }
    const decoded = await this.#threads.run('decode', plain, stored)
    if (base && !base.error) base.giveBack()
    const { digest, problem } = decoded
    // What is wrong with the block itself comes before what is wrong with its base.
    if (digest && !base?.error && block.id.equals(digest)) return { block, plain, giveBack }
    giveBack()
    if (digest && base?.error) return { ...base, block }
    if (digest) return this.#bad(block, `a block with SHA-256 ${block.id.toString('hex')}`, Buffer.from(digest).toString('hex'))
    const expected = decoded.authentic ? `a block of ${location.plain} bytes` : 'a block encrypted for this pack and place'
    return this.#bad(block, expected, problem)
  }

  #zero(block: WantedBlock): ReadBlock {
    const { plain: length } = block.location
    if (this.#zeros?.plain.length !== length) {
      const plain = Buffer.alloc(length)
      this.#zeros = { plain, id: hash('sha256', plain, 'buffer') }
    }
    const { plain, id } = this.#zeros
    if (!id.equals(block.id)) return this.#bad(block, 'a block of zeros', 'another SHA-256 in the block table')
    return { block, plain, giveBack: () => {} }
  }

  #bad(block: WantedBlock, expected: string, found: string): ReadBlock {
    const { offset, stored } = block.location
    const where = `${expected} at bytes ${offset} to ${offset + stored}`
    return { block, error: damage(packName(block.pack), this.#access.storage.location, where, found), pack: block.pack }
  }

  #cipher({ pack, location }: WantedBlock): { key: KeyObject; nonce: Buffer } | undefined {
    const { master } = this.#access
    if (!master) return undefined
    if (this.#key?.pack !== pack) this.#key = { pack, key: objectKey(master, packName(pack)) }
    return { key: this.#key.key, nonce: blockNonce(location.offset) }
  }
}
