import type { FileHandle } from 'node:fs/promises'
import { readFully } from '../core/readFully.ts'

/** Bytes asked for in one read; a multiple of every block size. */
const readSize = 1 << 20

/**
 * Reads an open file from `start` to `end`, or to where it ends if that is sooner, as blocks of `blockSize` bytes, the last one shorter.
 * Each block is fresh memory that the receiver may keep.
 */
export async function* fileBlocks(
  handle: FileHandle,
  blockSize: number,
  { start = 0, end = Number.POSITIVE_INFINITY }: { start?: number; end?: number } = {},
): AsyncGenerator<Buffer> {
  let position = start
  while (position < end) {
    const wanted = Math.min(Math.max(readSize, blockSize), end - position)
    const chunk = await readFully(handle, position, wanted)
    for (let at = 0; at < chunk.length; at += blockSize) yield chunk.subarray(at, Math.min(at + blockSize, chunk.length))
    position += chunk.length
    if (chunk.length < wanted) return
  }
}
