import { setTimeout as delay } from 'node:timers/promises'

/** The error a promise ends with; it is an error of the test when there is none. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`expected a failure, found ${String(value)}`)
    },
    (error: unknown) => error,
  )
}

/** All bytes of a stream. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks))
}

/** A stream of these chunks, each in its own turn of the event loop. */
export async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await delay(0)
    yield chunk
  }
}

/** Bytes in a pattern that is always the same for a seed, does not repeat soon and compresses badly. */
export function patterned(length: number, seed = 1): Buffer {
  const content = Buffer.alloc(length)
  let state = seed * 2_654_435_761 + 1
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    content[at] = state >>> 24
  }
  return content
}
