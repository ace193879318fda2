import type { FileHandle } from 'node:fs/promises'

/**
 * Writes all of a buffer at a position, or where the file stands unless one is given. A short write happens on a nearly full disk:
 * writing the rest either works or says why.
 */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? null : position + done
    done += (await handle.write(bytes, done, bytes.length - done, at)).bytesWritten
  }
}
