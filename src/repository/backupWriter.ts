import { hash } from 'node:crypto'
import { HoldfastError } from '../core/errors.ts'
import { timedId } from '../core/ids.ts'
import { PutUnsettledError } from '../storage/storageErrors.ts'
import type { Access } from './access.ts'
import { BaseBlocks, type BlockOrigin } from './baseBlocks.ts'
import { defaultBlockSize, type Encoding, encodings, isZero } from './block.ts'
import { BlockReader } from './blockSource.ts'
import { encodeBlockTable, parseBlockTable } from './blockTable.ts'
import { BlockThreads, type Slot } from './blockThreads.ts'
import { keepNeeded, requireLockRemembered } from './keeping.ts'
import { acquireLease, type Lease } from './lease.ts'
import { encodeManifest, type Manifest } from './manifest.ts'
import { blockTableName, manifestName, packName } from './names.ts'
import { PackSequence } from './packSequence.ts'
import { findReusableBlocks, type ReusableBlocks } from './reusable.ts'
import { type Entry, TableBuilder } from './tableBuilder.ts'
import { mayBeThere } from './unsettledManifest.ts'

/** Who may add packs or remove them: one at a time. */
export const packsLease = 'packs'
/** Blocks under way between `add` and their pack. */
const blocksUnderWay = 16

export interface BackupOptions {
  /** What runs, for the message that others get while the lease is held. */
  command: string
  signal?: AbortSignal | undefined
  /** How long to wait for another writer, in milliseconds; 0 by default. */
  wait?: number | undefined
  /** Bytes per block. */
  blockSize?: number | undefined
  /** Told why an unfinished backup could not remove all that it had stored; the next delete does. */
  onLeftBehind?: ((error: unknown) => void) | undefined
  /** The stores to back up, as `storeKey` names them: their last backup is what changed blocks are compared with. */
  stores?: readonly string[] | undefined
}

/** What the caller of `finish` says about a backup; the writer knows the rest. */
export type ManifestFields = Omit<Manifest, 'id' | 'created' | 'kind' | 'blockSize' | 'blockTable' | 'totals' | 'timing'>

/**
 * Begins a backup: takes the lease and learns which blocks need not be stored again.
 * @throws HoldfastError `refused` where another backup or delete is running, or the lock is forgotten that the repository has.
 */
export async function startBackup(access: Access, options: BackupOptions): Promise<BackupWriter> {
  const { clock, storage } = access
  await requireLockRemembered(storage, options.signal ? { signal: options.signal } : {})
  const lease = await acquireLease(storage, packsLease, {
    clock,
    command: options.command,
    signal: options.signal,
    wait: options.wait,
  })
  try {
    const signal = options.signal ? AbortSignal.any([lease.signal, options.signal]) : lease.signal
    const reusable = await findReusableBlocks(access, { signal })
    const { blockSize = defaultBlockSize, stores = [], onLeftBehind = () => {} } = options
    const bases = await BaseBlocks.find(access, reusable, { stores, blockSize, signal })
    return new BackupWriter(access, lease, reusable, bases, { signal, blockSize, onLeftBehind })
  } catch (error) {
    await lease.release()
    throw error
  }
}

interface EncodedBlock {
  row: number
  encoding: Encoding
  data: Buffer
  /** The row of the block that a difference is to. */
  base: number
  /** Where `data` lies. */
  slot: Slot
}

/**
 * A backup in the making. Blocks are added in order; nothing of it exists for others until `finish` has written the manifest.
 * Disposing of one that is not finished removes what it stored, but for packs that others may use by then as the lease was lost.
 */
export class BackupWriter implements AsyncDisposable {
  readonly id: string
  /** Bytes of plaintext in every block but the last of a file. */
  readonly blockSize: number
  /** Aborted when the backup cannot go on: the caller's own signal, or the lease is lost. */
  readonly signal: AbortSignal
  /** Backups whose blocks could not be reused, and why: worth a warning, no reason to stop. */
  readonly skipped: ReusableBlocks['skipped']
  /** The backups with a readable manifest that there were when this one began, oldest first. */
  readonly earlier: readonly Manifest[]
  readonly #access: Access
  readonly #lease: Lease
  readonly #table: TableBuilder
  readonly #bases: BaseBlocks
  readonly #sequence: PackSequence
  readonly #threads = new BlockThreads()
  readonly #reader: BlockReader
  readonly #started: Date
  #underWay: Promise<void>[] = []
  #tail: Promise<void> = Promise.resolve()
  readonly #slots = new WeakMap<ArrayBufferLike, Slot>()
  #finishing: Promise<Manifest> | undefined
  #ended = false
  /** Whether the manifest may exist, so that nothing is to be removed. */
  #isLeft = false
  readonly #onLeftBehind: (error: unknown) => void

  constructor(
    access: Access,
    lease: Lease,
    reusable: ReusableBlocks,
    bases: BaseBlocks,
    { signal, blockSize, onLeftBehind }: { signal: AbortSignal; blockSize: number; onLeftBehind: (error: unknown) => void },
  ) {
    this.#onLeftBehind = onLeftBehind
    this.#bases = bases
    this.#access = access
    this.#lease = lease
    this.#table = new TableBuilder(reusable)
    this.#sequence = new PackSequence(access)
    this.#reader = new BlockReader(access, this.#threads, { signal })
    this.#started = access.clock.now()
    this.id = timedId(this.#started)
    this.blockSize = blockSize
    this.signal = signal
    this.skipped = reusable.skipped
    this.earlier = reusable.listed
  }

  /** Number of blocks added so far, which is the index of the next. */
  get length(): number {
    return this.#table.length
  }

  /** Forgets the blocks from an index on, as if they had not been added; what was stored of them already stays stored. */
  rewind(length: number): void {
    this.#table.rewind(length)
  }

  /** A buffer of `blockSize` bytes to fill and give to `add`, whole or its start; it is used again once its block is done. */
  buffer(): Buffer {
    const slot = this.#threads.take(this.blockSize)
    this.#slots.set(slot.plain.buffer, slot)
    return slot.plain.subarray(0, this.blockSize)
  }

  /** Takes back a buffer of `buffer()` that is not needed after all. */
  giveBack(buffer: Buffer): void {
    const slot = this.#slots.get(buffer.buffer)
    if (slot) this.#threads.give(slot)
  }

  /**
   * Adds the next block: 1 to `blockSize` bytes; a buffer of `buffer()` must not be touched afterwards.
   * With `origin`, where an earlier backup has something else in the same place, only the difference may be stored.
   * Resolves with the block's index in the block table as soon as there is room for another block; await it before adding that.
   * @throws what made an earlier block fail, or the reason of `signal`.
   */
  async add(plain: Buffer, origin?: BlockOrigin): Promise<number> {
    this.signal.throwIfAborted()
    if (plain.length === 0 || plain.length > this.blockSize) throw new RangeError(`a block of ${plain.length} bytes`)
    const index = this.length
    if (isZero(plain)) {
      this.#table.addZero(plain.length)
      this.giveBack(plain)
    } else {
      const encoded = this.#encode(this.#table.reserve(plain.length), this.#slotWith(plain), plain.length, origin)
      // The tail reports it in order; until then it must not count as unhandled.
      encoded.catch(() => {})
      this.#tail = this.#tail.then(async () => this.#store(await encoded))
      this.#tail.catch(() => {})
      this.#underWay.push(this.#tail)
    }
    while (this.#underWay.length >= blocksUnderWay) await this.#underWay.shift()
    return index
  }

  #slotWith(plain: Buffer): Slot {
    const own = this.#slots.get(plain.buffer)
    if (own) return own
    const slot = this.#threads.take(this.blockSize)
    plain.copy(slot.plain)
    return slot
  }

  /** @returns undefined for a block that is stored already. */
  async #encode(entry: Entry, slot: Slot, length: number, origin?: BlockOrigin): Promise<EncodedBlock | undefined> {
    const plain = slot.plain.subarray(0, length)
    const row = this.#table.identify(entry, Buffer.from(await this.#threads.run('identify', plain)))
    if (row === undefined) {
      this.#threads.give(slot)
      return undefined
    }
    const base = origin && (await this.#bases.read(origin, length, this.#reader))
    const { encoding, length: stored } = await this.#threads.run('encode', plain, slot.stored, base?.plain)
    base?.giveBack()
    const data = encoding === encodings.raw ? plain : slot.stored.subarray(0, stored)
    return { row, encoding, data, base: base && encoding === encodings.difference ? base.row : 0, slot }
  }

  async #store(block: EncodedBlock | undefined): Promise<void> {
    this.signal.throwIfAborted()
    if (this.#ended) throw new Error('the backup was abandoned')
    if (!block) return
    const { row, encoding, base } = block
    this.#table.locate(row, { ...(await this.#sequence.append(block.data)), encoding, base })
    this.#threads.give(block.slot)
  }

  /**
   * Waits for every block to be safe, then writes the block table and, last, the manifest, which makes the backup exist.
   * @throws HoldfastError `refused` where the lease was lost, and then there is no backup.
   */
  async finish(fields: ManifestFields): Promise<Manifest> {
    this.#finishing = this.#finish(fields)
    return this.#finishing
  }

  async #finish(fields: ManifestFields): Promise<Manifest> {
    await this.#tail
    await this.#sequence.finish()
    this.signal.throwIfAborted()
    const { storage, clock } = this.#access
    const { totals, ...built } = this.#table.build(this.#sequence.packs)
    const table = encodeBlockTable(this.#access, this.id, built)
    const blockTable = { size: table.length, sha256: hash('sha256', table, 'hex') }
    const manifest: Manifest = {
      id: this.id,
      created: this.#started.toISOString(),
      kind: 'base',
      blockSize: this.blockSize,
      ...fields,
      blockTable,
      totals: { ...totals, storedBytes: this.#sequence.packs.reduce((sum, { size }) => sum + size, blockTable.size) },
      timing: { started: this.#started.toISOString(), finished: clock.now().toISOString() },
    }
    const encoded = encodeManifest(this.#access, manifest)
    // What could not be restored must not become a backup.
    parseBlockTable(this.#access, manifest, table)
    const own = new Set(this.#sequence.packs.map(({ id }) => id))
    const reused = built.packs.map(({ id }) => id).filter((id) => !own.has(id))
    await keepNeeded(this.#access, { packs: reused, databases: fields.databases }, { signal: this.signal })
    // Holding the lease now means that no delete has looked for unreferenced packs since this backup began.
    await this.#lease.assertHeld()
    await storage.put(blockTableName(this.id), table, { signal: this.signal })
    await this.#publish(encoded)
    await this.#lease.assertHeld()
    this.#ended = true
    await this.#threads[Symbol.asyncDispose]()
    await this.#lease.release()
    return manifest
  }

  /** Writes the manifest. Where nobody can tell whether it is there, what it needs stays too, for a later delete to judge. */
  async #publish(manifest: Buffer): Promise<void> {
    const lost = this.#lease.signal
    try {
      await this.#access.storage.put(manifestName(this.id), manifest, { signal: this.signal })
    } catch (error) {
      const isUnsettled = error instanceof PutUnsettledError
      // A request that was broken off may be obeyed yet; but without the lease, packs may be gone that it needs.
      this.#isLeft = !lost.aborted && (isUnsettled || this.signal.aborted)
      if (!(error instanceof HoldfastError) || !(isUnsettled || lost.aborted)) throw error
      throw mayBeThere(this.id, error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#finishing])
    if (this.#ended) return
    this.#ended = true
    await this.#threads[Symbol.asyncDispose]()
    await this.#sequence.abandon(this.signal.reason ?? new Error('the backup was abandoned'))
    try {
      // Where the lease was held to this moment, all that the backup needs is there, should it exist.
      if (!this.#isLeft || !(await this.#lease.release())) await this.#remove()
    } catch (error) {
      // Thrown here it would hide the error that led here, which is the one to report; what stays, the next delete removes.
      this.#onLeftBehind(error)
    }
    await this.#lease.release()
  }

  async #remove(): Promise<void> {
    const { storage } = this.#access
    // The manifest first: should this break off, no manifest is left that names removed packs.
    await storage.delete(manifestName(this.id))
    await storage.delete(blockTableName(this.id))
    // While the manifest was visible others may have built on the packs, unless the lease is held to this moment.
    await this.#lease.assertHeld()
    for (const { id } of this.#sequence.packs) await storage.delete(packName(id))
  }
}
