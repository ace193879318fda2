import { type HoldfastError, integrityError } from '../core/errors.ts'
import { type ProgressListener, silent } from '../core/progress.ts'
import type { StorageOptions } from '../storage/storage.ts'
import { ObjectMissingError } from '../storage/storageErrors.ts'
import type { Access } from './access.ts'
import { encodings } from './block.ts'
import type { WantedBlock } from './blockRuns.ts'
import { readWantedBlocks } from './blockSource.ts'
import { type BlockTable, readBlockTable } from './blockTable.ts'
import { markDamaged } from './damaged.ts'
import { KnownBlocks } from './knownBlocks.ts'
import { type ListedBackup, listBackups } from './listing.ts'
import { filesOf, type Manifest } from './manifest.ts'
import { packName } from './names.ts'
import { checkPackHeader } from './pack.ts'
import { presentPacks } from './reusable.ts'
import { damage } from './sealed.ts'

export interface VerifyOptions extends StorageOptions {
  /** Which backups; all of them by default. */
  ids?: readonly string[] | undefined
  /** The part of the blocks to read, from above 0 to 1 (all, the default); which ones is chosen anew each time. */
  sample?: number | undefined
  onProgress?: ProgressListener
}

export interface VerifyResult {
  backups: VerifiedBackup[]
  /** Distinct blocks read, and their plaintext bytes. */
  blocks: number
  bytes: number
  packs: number
  /** Why damaged packs could not be marked as such, as where the repository may only be read or is full. */
  unmarked: HoldfastError[]
}

export interface VerifiedBackup {
  id: string
  /** Set where the manifest or the block table cannot be read, so nothing below it could be checked. */
  error?: HoldfastError
  /** Files with damaged blocks: indices count from the start of the file. */
  damagedFiles: { path: string; blocks: number[]; error: HoldfastError }[]
  /** Packs of this backup that are missing or not as they were written, also where no block is hit. */
  damagedPacks: { pack: string; error: HoldfastError }[]
}

/**
 * Reads every block that the backups refer to once, pack by pack, and checks it; marks packs with damage so that no new backup
 * relies on them. What is damaged is the result, not an error.
 */
export async function verifyBackups(access: Access, options: VerifyOptions = {}): Promise<VerifyResult> {
  const { ids, onProgress = silent, ...storageOptions } = options
  const listed = (await listBackups(access, storageOptions)).filter(({ id }) => ids?.includes(id) ?? true)
  const wanted = new WantedBlocks(options.sample ?? 1)
  const tables = async function* (): AsyncGenerator<[ListedBackup, BlockTable | HoldfastError]> {
    for (const backup of listed) {
      if (backup.error) yield [backup, backup.error]
      else yield [backup, await readBlockTable(access, backup.manifest, storageOptions).catch(integrityError)]
    }
  }

  for await (const [, table] of tables()) if (!(table instanceof Error)) wanted.addTable(table)
  const damagedPacks = await checkPacks(access, wanted.packs, storageOptions)
  const damagedBlocks = new Map<string, HoldfastError>()
  let bytes = 0
  for await (const read of readWantedBlocks(access, wanted.inOrder(), storageOptions)) {
    const { block, error } = read
    options.signal?.throwIfAborted()
    bytes += block.location.plain
    if (error) damagedBlocks.set(place(block.pack, block.location.offset), error)
    onProgress({ phase: 'read blocks', done: bytes, total: wanted.bytes })
    if (error && !damagedPacks.has(read.pack)) damagedPacks.set(read.pack, error)
  }
  const unmarked: HoldfastError[] = []
  for (const [pack, error] of damagedPacks) {
    if (error instanceof ObjectMissingError) continue
    const refusal = await markDamaged(access, pack, error)
    if (refusal) unmarked.push(refusal)
  }

  const backups: VerifiedBackup[] = []
  for await (const [{ id, manifest }, table] of tables()) {
    const verified: VerifiedBackup = { id, damagedFiles: [], damagedPacks: [] }
    backups.push(verified)
    if (table instanceof Error) verified.error = table
    else if (manifest) {
      verified.damagedFiles = attribute(manifest, table, damagedBlocks)
      verified.damagedPacks = table.packs.flatMap(({ id: pack }) => {
        const error = damagedPacks.get(pack)
        return error ? [{ pack, error }] : []
      })
    }
  }
  return { backups, blocks: wanted.size, bytes, packs: wanted.packs.length, unmarked }
}

/** The distinct places of blocks that several tables refer to. */
class WantedBlocks {
  readonly packs: { id: string; size: number }[] = []
  bytes = 0
  readonly #indices = new Map<string, number>()
  readonly #blocks = new KnownBlocks()
  readonly #from: number
  readonly #part: number

  constructor(part: number) {
    this.#part = part
    this.#from = Math.random()
  }

  get size(): number {
    return this.#blocks.size
  }

  addTable(table: BlockTable): void {
    const packs = table.packs.map((pack) => {
      const known = this.#indices.get(pack.id) ?? this.packs.push(pack) - 1
      this.#indices.set(pack.id, known)
      return known
    })
    // Bases first, for differences refer to their rows.
    for (let index = table.rows - 1; index >= 0; index--) {
      const { encoding, base } = table.location(index)
      if (encoding === encodings.zero || !this.#sampled(table.id(index))) continue
      const baseRow = encoding === encodings.difference ? this.#add(table, base, packs, 0) : 0
      this.#add(table, index, packs, baseRow)
    }
  }

  #add(table: BlockTable, index: number, packs: readonly number[], base: number): number {
    const location = table.location(index)
    const found = { ...location, pack: packs[location.pack]!, base }
    const known = this.#blocks.find(table.id(index), found)
    if (known !== undefined) return known
    this.bytes += found.plain
    return this.#blocks.add(table.id(index), found, 'places')
  }

  *inOrder(): Generator<WantedBlock> {
    const keys = Float64Array.from({ length: this.size }, (_, row) => {
      const { pack, offset } = this.#blocks.location(row)
      return pack * 2 ** 32 + offset
    })
    const rows = Uint32Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]!)
    for (const row of rows) yield this.#wanted(row)
  }

  #wanted(row: number): WantedBlock {
    const location = this.#blocks.location(row)
    const base = location.encoding === encodings.difference ? this.#wanted(location.base) : undefined
    return { index: row, id: this.#blocks.id(row), pack: this.packs[location.pack]!.id, location, base }
  }

  /** Ids are uniform, so a random stretch of them is a random part of the blocks, the same for all tables. */
  #sampled(id: Buffer): boolean {
    return (id.readUInt32LE(8) / 2 ** 32 - this.#from + 1) % 1 < this.#part
  }
}

async function checkPacks(access: Access, packs: readonly { id: string; size: number }[], options: StorageOptions) {
  const { location } = access.storage
  const present = await presentPacks(access, options)
  const damaged = new Map<string, HoldfastError>()
  for (const { id, size } of packs) {
    const found = present.get(id)
    const name = packName(id)
    if (found === undefined) damaged.set(id, new ObjectMissingError(location, name))
    else if (found !== size) damaged.set(id, damage(name, location, `${size} bytes`, `${found}`))
    else {
      const error = await checkPackHeader(access, id, options)
      if (error) damaged.set(id, error)
    }
  }
  return damaged
}

function attribute(
  manifest: Manifest,
  table: BlockTable,
  damaged: ReadonlyMap<string, HoldfastError>,
): VerifiedBackup['damagedFiles'] {
  if (damaged.size === 0) return []
  const files: VerifiedBackup['damagedFiles'] = []
  for (const { path, firstBlock, blocks } of filesOf(manifest)) {
    const hit: number[] = []
    let first: HoldfastError | undefined
    for (let block = 0; block < blocks; block++) {
      const { pack, offset, encoding } = table.location(firstBlock + block)
      const error = encoding === encodings.zero ? undefined : damaged.get(place(table.packs[pack]!.id, offset))
      if (!error) continue
      hit.push(block)
      first ??= error
    }
    if (first) files.push({ path, blocks: hit, error: first })
  }
  return files
}

function place(pack: string, offset: number): string {
  return `${pack}:${offset}`
}
