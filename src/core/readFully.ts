import type { FileHandle } from 'node:fs/promises'

/** Reads `length` bytes at a position; fewer only where the file ends. */
export async function readFully(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length)
  return buffer.subarray(0, await fill(handle, buffer, position))
}

/** Fills a buffer with what is at a position. @returns how many bytes there were, fewer than it holds only where the file ends. */
export async function fill(handle: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
