/** Smaller buffers may share memory with others, for Node takes them from a pool. */
export const smallestOwnBuffer = 128 * 1024

/**
 * Frees the memory of a large buffer that nobody needs any more, with all that are parts of it. Left to the garbage collector,
 * one for each block would pile up to many megabytes before it looks, and make it look often.
 */
export function freeMemory({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= smallestOwnBuffer) buffer.transfer(0)
}
