import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { fileBytes, lentFileBytes } from '../core/fileBytes.ts'
import { systemReason } from '../core/systemReasons.ts'

/** What tells one state of a file from another. */
interface FileState {
  dev: bigint
  ino: bigint
  size: bigint
  mtimeNs: bigint
  /** Nobody can set it back, as they can the time of writing. */
  ctimeNs: bigint
}

/** A file that is read several times and must stay the same meanwhile. */
export class LocalArtifact implements AsyncDisposable {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Whether the path names a symbolic link to the file. */
  readonly isLink: boolean
  readonly #handle: FileHandle
  readonly #state: FileState

  private constructor(path: string, handle: FileHandle, state: FileState, isLink: boolean) {
    this.path = path
    this.size = Number(state.size)
    this.isLink = isLink
    this.#handle = handle
    this.#state = state
  }

  /** @throws HoldfastError `usage` where it is no file with something in it, or cannot be read. */
  static async open(path: string): Promise<LocalArtifact> {
    let handle: FileHandle | undefined
    try {
      // Opening a pipe must not wait for its writer.
      handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
      const state = await handle.stat({ bigint: true })
      if (!state.isFile()) throw unusable(path, 'it is no regular file')
      if (state.size === 0n) throw unusable(path, 'it is empty')
      return new LocalArtifact(path, handle, state, (await lstat(path)).isSymbolicLink())
    } catch (error) {
      await handle?.close()
      const known = systemReason(error)
      throw known ? unusable(path, known.reason, error) : error
    }
  }

  /** Whether a file that was found is this one as it was opened; a rename changes its ctime. */
  isThis({ dev, ino, size, mtimeNs }: BigIntStats): boolean {
    const state = this.#state
    return dev === state.dev && ino === state.ino && size === state.size && mtimeNs === state.mtimeNs
  }

  /** The content as it is; each piece in the memory of the one before. */
  bytes(): AsyncGenerator<Buffer> {
    return lentFileBytes(this.#handle, { end: this.size })
  }

  /** The content gzipped: the same bytes every time. The lowest level, for a dump is compressed already. */
  gzipped(onRead: (chunk: Buffer) => void = () => {}): AsyncIterable<Buffer> {
    const handle = this.#handle
    const { size: end } = this
    const source = async function* () {
      for await (const chunk of fileBytes(handle, { end })) {
        onRead(chunk)
        yield chunk
      }
    }
    // An error destroys the last stream with it, and so reaches whoever reads that.
    return pipeline(Readable.from(source()), createGzip({ level: 1, chunkSize: 1 << 18 }), () => {})
  }

  /** @throws HoldfastError `integrity` where it is not the file any more that was opened. */
  async requireUnchanged(): Promise<void> {
    const change = await this.change()
    if (change !== undefined) throw changed(this.path, change)
  }

  /** What has happened to the file since it was opened; undefined where nothing has. */
  async change(): Promise<string | undefined> {
    const difference = differenceOf(this.#state, await this.#handle.stat({ bigint: true }))
    if (difference !== undefined) return difference
    try {
      const { dev, ino } = await stat(this.path, { bigint: true })
      return dev === this.#state.dev && ino === this.#state.ino ? undefined : 'another file has taken its name'
    } catch (error) {
      if (hasSystemCode(error, 'ENOENT')) return 'it was removed'
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}

/** The error for a file that is not what it was when it was measured. */
export function changed(path: string, how: string): HoldfastError {
  return new HoldfastError('integrity', `${path} changed while it was read: ${how}`, {
    hint: 'wait until nobody writes to it, then run it again; nothing was stored of it',
  })
}

function differenceOf(before: FileState, after: FileState): string | undefined {
  if (after.size !== before.size) return `expected ${before.size} bytes, found ${after.size}`
  return after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs ? undefined : 'it was written to'
}

function unusable(path: string, why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('usage', `${path} cannot be used: ${why}`, {
    hint: 'name a file that holds a dump or a backup',
    cause,
  })
}
