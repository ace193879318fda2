/** All bytes of a stream that is known to be small; of one chunk its own memory, which nobody may use again. */
export async function allBytes(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return joined(await Array.fromAsync(chunks))
}

/** The first bytes of a stream, fewer where it ends before; what follows is not read. */
export async function firstBytes(chunks: AsyncIterable<Uint8Array>, length: number): Promise<Buffer> {
  const taken: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    taken.push(chunk)
    size += chunk.length
    if (size >= length) break
  }
  return joined(taken).subarray(0, length)
}

function joined(chunks: readonly Uint8Array[]): Buffer {
  const [only] = chunks
  if (only === undefined || chunks.length > 1) return Buffer.concat(chunks)
  return Buffer.from(only.buffer, only.byteOffset, only.length)
}
