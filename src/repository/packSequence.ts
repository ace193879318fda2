import type { KeyObject } from 'node:crypto'
import type { Access } from './access.ts'
import { encrypt, objectKey } from './encryption.ts'
import { packName } from './names.ts'
import { blockNonce, PackWriter, packSize } from './pack.ts'

/** Packs that may be on their way to storage beside the one that is being filled. */
const finishingLimit = 2

/** Writes blocks into one pack after another. */
export class PackSequence {
  readonly #access: Access
  #current: { writer: PackWriter; key: KeyObject | undefined } | undefined
  #finishing: PackWriter[] = []
  /** Every pack begun here, in order. */
  readonly packs: { id: string; size: number }[] = []

  constructor(access: Access) {
    this.#access = access
  }

  /** Appends a block and returns where it lies. Calls must not overlap. */
  async append(data: Buffer): Promise<{ pack: number; offset: number; stored: number }> {
    this.#current ??= this.#begin()
    const { writer, key } = this.#current
    const offset = writer.size
    const stored = key ? encrypt(key, blockNonce(offset), data) : data
    writer.append(stored)
    const pack = this.packs.length - 1
    this.packs[pack]!.size = writer.size
    if (writer.size >= packSize) await this.#end()
    else await writer.room()
    return { pack, offset, stored: stored.length }
  }

  /** Resolves when all packs are stored whole. */
  async finish(): Promise<void> {
    await this.#end(0)
  }

  /** Stops all writing and waits for it to end; what was stored whole stays. */
  async abandon(reason: unknown): Promise<void> {
    const writers = [...this.#finishing, ...(this.#current ? [this.#current.writer] : [])]
    for (const writer of writers) writer.fail(reason)
    await Promise.allSettled(writers.map(async (writer) => writer.stored))
  }

  #begin(): { writer: PackWriter; key: KeyObject | undefined } {
    const writer = new PackWriter(this.#access.storage)
    this.packs.push({ id: writer.id, size: writer.size })
    return { writer, key: this.#access.master && objectKey(this.#access.master, packName(writer.id)) }
  }

  async #end(limit = finishingLimit): Promise<void> {
    if (this.#current) {
      this.#current.writer.end()
      this.#finishing.push(this.#current.writer)
      this.#current = undefined
    }
    while (this.#finishing.length > limit) {
      await this.#finishing[0]!.stored
      this.#finishing.shift()
    }
  }
}
