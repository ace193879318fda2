import { hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { fill } from '../core/readFully.ts'
import { writeFully } from '../core/writeFully.ts'
import { isZero } from '../repository/block.ts'
import type { BlockTable } from '../repository/blockTable.ts'
import type { ManifestFile } from '../repository/manifest.ts'

/** Bytes after which the disk is to begin, so that it does not wait for the end of a large file. */
const syncEvery = 64 * 1024 * 1024

/** A file being restored: blocks go in one after the other, those of zeros as holes. */
export class RestoredFile implements AsyncDisposable {
  readonly #handle: FileHandle
  readonly #file: ManifestFile
  #position = 0
  #unsynced = 0
  #syncing: Promise<void> = Promise.resolve()

  private constructor(handle: FileHandle, file: ManifestFile) {
    this.#handle = handle
    this.#file = file
  }

  /** Makes the file anew; anything else with that name is removed, and no link is followed. */
  static async create(path: string, file: ManifestFile): Promise<RestoredFile> {
    // What an earlier attempt left goes first: only a file that is new is certain to be nobody's link.
    await rm(path, { force: true })
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    return new RestoredFile(await open(path, flags, 0o600), file)
  }

  async append(block: Buffer): Promise<void> {
    if (!isZero(block)) await this.#write(block)
    this.#position += block.length
    this.#unsynced += block.length
    if (this.#unsynced >= syncEvery) this.#sync()
  }

  /** Gives the file its size, mode and owner, and makes it durable. */
  async finish(): Promise<void> {
    if (this.#position !== this.#file.size) {
      throw new HoldfastError('integrity', `${this.#file.path}: expected ${this.#file.size} bytes, found ${this.#position}`)
    }
    // An error of the disk is told only once, here or there.
    await this.#syncing
    await this.#handle.truncate(this.#file.size)
    await complete(this.#handle, this.#file)
  }

  #sync(): void {
    this.#unsynced = 0
    this.#syncing = this.#syncing.then(async () => this.#handle.datasync())
    this.#syncing.catch(() => {})
  }

  async #write(block: Buffer): Promise<void> {
    try {
      await writeFully(this.#handle, block, this.#position)
    } catch (error) {
      if (!hasSystemCode(error, 'ENOSPC', 'EDQUOT')) throw error
      throw new HoldfastError('failed', `no space left while writing ${this.#file.path} at byte ${this.#position}`, {
        cause: error,
        hint: 'make room and go on with --resume',
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#syncing])
    await this.#handle.close()
  }
}

/** Whether a file holds exactly the blocks it should: it is read and hashed, not believed, and nothing is done to it. */
export async function isWhole(path: string, file: ManifestFile, table: BlockTable, blockSize: number): Promise<boolean> {
  let handle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'EACCES', 'ELOOP')) return false
    throw error
  }
  await using _closing = handle
  const found = await handle.stat()
  if (!found.isFile() || found.nlink !== 1 || found.size !== file.size) return false
  const buffer = Buffer.allocUnsafe(blockSize)
  for (let index = 0; index < file.blocks; index++) {
    const filled = await fill(handle, buffer, index * blockSize)
    if (!hash('sha256', buffer.subarray(0, filled), 'buffer').equals(table.id(file.firstBlock + index))) return false
  }
  return true
}

/** Makes a file of an earlier attempt durable, with its mode and owner, which the attempt may not have come to. */
export async function completeFile(path: string, file: ManifestFile): Promise<void> {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  await complete(handle, file)
}

/** Without the bits that let a program run as its owner: nothing of Neo4j needs them, and a repository may not be one's own. */
export function plainMode(mode: number): number {
  return mode & 0o777
}

/** Gives a file the mode and owner that a backup has of it, and makes it durable. */
export async function complete(handle: FileHandle, { mode, uid, gid }: ManifestFile): Promise<void> {
  await handle.chmod(plainMode(mode))
  if (process.getuid?.() === 0) await handle.chown(uid, gid)
  await handle.sync()
}
