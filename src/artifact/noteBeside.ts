import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { hasSystemCode } from '../core/errors.ts'
import { readFully } from '../core/readFully.ts'

/** Bytes that are read of a note; what is longer is cut, and says nothing any more. */
const longest = 64 * 1024

/** What is noted in a small file beside an artifact; undefined where there is no such file. */
export async function readNote(path: string): Promise<Buffer | undefined> {
  try {
    // Opening a pipe must not wait for its writer.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!(await handle.stat()).isFile()) return undefined
    return await readFully(handle, 0, longest)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENAMETOOLONG')) return undefined
    throw error
  }
}
