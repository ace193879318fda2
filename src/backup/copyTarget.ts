import type { BackupWriter } from '../repository/backupWriter.ts'
import type { ManifestFile } from '../repository/manifest.ts'
import type { Throttle } from './throttle.ts'

/** What a copied file is called and how it is to look when it is restored. */
export interface FileIdentity {
  /** Relative to the data directory. */
  path: string
  /** Permission bits, numeric owner and group. */
  mode: number
  uid: number
  gid: number
}

/** Fills a buffer with what is at a position, in bytes; fewer only at the end. Returns how many. */
export type ReadInto = (buffer: Buffer, position: number) => Promise<number>

/** Where the files of one database go: their blocks into the backup, their names into a list for its manifest. */
export class CopyTarget {
  readonly #writer: BackupWriter
  readonly #throttle: Throttle
  readonly #copied: (bytes: number) => void
  #files: ManifestFile[] = []
  readonly #leftOut: { path: string; reason: string }[] = []

  constructor(writer: BackupWriter, throttle: Throttle, copied: (bytes: number) => void) {
    this.#writer = writer
    this.#throttle = throttle
    this.#copied = copied
  }

  /** Aborted when the backup cannot go on. */
  get signal(): AbortSignal {
    return this.#writer.signal
  }

  get files(): readonly ManifestFile[] {
    return this.#files
  }

  get leftOut(): readonly { path: string; reason: string }[] {
    return this.#leftOut
  }

  /** Adds a file as it is found, up to `end` at most: its size is what was read. */
  async copy(
    file: FileIdentity,
    kind: ManifestFile['kind'],
    read: ReadInto,
    end: number = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const firstBlock = this.#writer.length
    let size = 0
    while (size < end) {
      const buffer = this.#writer.buffer()
      const block = buffer.subarray(0, await read(buffer.subarray(0, Math.min(buffer.length, end - size)), size))
      if (block.length === 0) {
        this.#writer.giveBack(buffer)
        break
      }
      await this.#throttle(block.length, this.#writer.signal)
      await this.#writer.add(block, { path: file.path, block: this.#writer.length - firstBlock })
      size += block.length
      this.#copied(block.length)
      if (block.length < buffer.length) break
    }
    const { path, mode, uid, gid } = file
    this.#files.push({ path, size, mode: mode & 0o7777, uid, gid, kind, firstBlock, blocks: this.#writer.length - firstBlock })
  }

  /** The same bytes, at the rate at which files are read. */
  async *throttled(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      this.signal.throwIfAborted()
      await this.#throttle(chunk.length, this.signal)
      yield chunk
    }
  }

  /** A place to roll back to. */
  mark(): { files: number; blocks: number } {
    return { files: this.#files.length, blocks: this.#writer.length }
  }

  /** Forgets the files copied since the mark. */
  rollBack(mark: { files: number; blocks: number }): void {
    this.#files.length = mark.files
    this.#writer.rewind(mark.blocks)
  }

  /** Notes that a derived file is not in the backup: Neo4j will rebuild it. */
  leaveOut(path: string, reason: string): void {
    this.#leftOut.push({ path, reason })
  }
}
