import type { FileHandle } from 'node:fs/promises'
import { fill } from './readFully.ts'

const readSize = 1 << 20

/** Reads an open file from `start` to `end`, or to where it ends if that is sooner, a MiB at a time, each in the memory of the one before. */
export async function* fileBytes(
  handle: FileHandle,
  { start = 0, end = Number.POSITIVE_INFINITY }: { start?: number; end?: number } = {},
): AsyncGenerator<Buffer> {
  const memory = Buffer.allocUnsafeSlow(Math.min(readSize, Math.max(0, end - start)))
  for (let position = start; position < end;) {
    const wanted = Math.min(readSize, end - position)
    const chunk = memory.subarray(0, await fill(handle, memory.subarray(0, wanted), position))
    if (chunk.length > 0) yield chunk
    position += chunk.length
    if (chunk.length < wanted) return
  }
}
