import type { FileHandle } from 'node:fs/promises'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { syncDirectory } from '../core/atomicFile.ts'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { fileInTheWay } from '../core/fileInTheWay.ts'
import { writeFully } from '../core/writeFully.ts'

/** Bytes: what waits to be written delays the database's own writes to the same disk. */
const syncSize = 8 * 1024 * 1024

/** A new private file (mode 0600) that is durable once finished. */
export class DurableFile implements AsyncDisposable {
  readonly #handle: FileHandle
  #unsynced = 0

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async create(path: string): Promise<DurableFile> {
    return new DurableFile(await open(path, 'wx', 0o600))
  }

  async write(chunk: Uint8Array): Promise<void> {
    await writeFully(this.#handle, chunk)
    this.#unsynced += chunk.length
    if (this.#unsynced < syncSize) return
    this.#unsynced = 0
    await this.#handle.datasync()
  }

  async finish(): Promise<void> {
    await this.#handle.sync()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}

/** Creates a directory at or below `root` (new ones with mode 0700) and makes each entry on the way durable. */
export async function makeDirectoryDurably(root: string, path: string): Promise<void> {
  try {
    const first = await mkdir(root, { recursive: true, mode: 0o700 })
    for (let made = root; first !== undefined && made.length >= first.length; made = dirname(made))
      await syncDirectory(dirname(made))
  } catch (error) {
    const file = hasSystemCode(error, 'EEXIST', 'ENOTDIR') ? await fileInTheWay(root) : undefined
    if (file === undefined) throw error
    throw new HoldfastError('repository', `${file} is a file, expected a directory for the repository`, {
      hint: 'choose another directory with --repo',
    })
  }
  let current = root
  for (const step of relative(root, path).split(sep)) {
    if (step === '') continue
    const parent = current
    current = join(current, step)
    try {
      await mkdir(current, { mode: 0o700 })
    } catch (error) {
      if (!hasSystemCode(error, 'EEXIST')) throw error
    }
    // Also where it existed: another process may have made it and not synced it yet.
    await syncDirectory(parent)
  }
}
