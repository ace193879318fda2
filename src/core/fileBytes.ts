import type { FileHandle } from 'node:fs/promises'
import { readFully } from './readFully.ts'

const readSize = 1 << 20

/** Reads an open file from `start` to `end`, or to where it ends if that is sooner, a MiB at a time. */
export async function* fileBytes(
  handle: FileHandle,
  { start = 0, end = Number.POSITIVE_INFINITY }: { start?: number; end?: number } = {},
): AsyncGenerator<Buffer> {
  for (let position = start; position < end;) {
    const wanted = Math.min(readSize, end - position)
    const chunk = await readFully(handle, position, wanted)
    if (chunk.length > 0) yield chunk
    position += chunk.length
    if (chunk.length < wanted) return
  }
}
