import type { FileHandle } from 'node:fs/promises'
import { fill, readFully } from './readFully.ts'

const readSize = 1 << 20

interface Range {
  start?: number
  end?: number
}

/** Reads an open file from `start` to `end`, or to where it ends if that is sooner, a MiB at a time. */
export function fileBytes(handle: FileHandle, range: Range = {}): AsyncGenerator<Buffer> {
  return readRange(async (position, length) => readFully(handle, position, length), range)
}

/** The same, each piece in the memory of the one before: whoever keeps a piece longer must copy it. */
export function lentFileBytes(handle: FileHandle, range: Range = {}): AsyncGenerator<Buffer> {
  const memory = Buffer.allocUnsafeSlow(readSize)
  return readRange(async (position, length) => {
    const wanted = memory.subarray(0, length)
    return wanted.subarray(0, await fill(handle, wanted, position))
  }, range)
}

async function* readRange(
  read: (position: number, length: number) => Promise<Buffer>,
  { start = 0, end = Number.POSITIVE_INFINITY }: Range,
): AsyncGenerator<Buffer> {
  for (let position = start; position < end;) {
    const wanted = Math.min(readSize, end - position)
    const chunk = await read(position, wanted)
    if (chunk.length > 0) yield chunk
    position += chunk.length
    if (chunk.length < wanted) return
  }
}
