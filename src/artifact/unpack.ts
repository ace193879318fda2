import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, symlink } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { ProgressListener } from '../core/progress.ts'
import { readFully } from '../core/readFully.ts'

interface UnpackOptions {
  /** Whether the packed file is ours to be moved. */
  isOurs: boolean
  progress: ProgressListener
  signal: AbortSignal
}

/**
 * Gives a dump the path that neo4j-admin wants, gunzipped where it is gzipped, whatever its name.
 * @returns what is wrong with it; undefined where nothing is.
 */
export async function unpack(from: string, to: string, { isOurs, progress, signal }: UnpackOptions): Promise<string | undefined> {
  if (!(await isGzip(from))) {
    await (isOurs ? rename : symlink)(from, to)
    return undefined
  }
  progress({ phase: 'decompress' })
  try {
    await pipeline(
      createReadStream(from, { highWaterMark: 1 << 20 }),
      createGunzip({ chunkSize: 1 << 18 }),
      createWriteStream(to, { flags: 'wx', mode: 0o600 }),
      { signal },
    )
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    // What the file system refuses says nothing about the file.
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error
    return `it is gzipped, and damaged: ${error.message}`
  }
}

async function isGzip(path: string): Promise<boolean> {
  await using handle = await open(path)
  return (await readFully(handle, 0, 2)).equals(Buffer.from([0x1f, 0x8b]))
}
