import type { Readable } from 'node:stream'

/** Bytes that a body brings in the time that it has, at least. */
const least = 64 * 1024

/** A body that brings so little that nobody would live to see its end. */
export class TooSlow extends Error {
  override readonly name = 'TimeoutError'
}

/**
 * The chunks of a body, which is destroyed where it brings less than 64 KiB in a time of waiting for it; what its reader takes for
 * what came is not counted.
 * @param patience milliseconds
 * @throws TooSlow
 */
export async function* lively(body: Readable, patience: number): AsyncGenerator<Buffer> {
  const chunks = body.iterator() as AsyncIterator<Buffer>
  let waited = 0
  let brought = 0
  try {
    for (;;) {
      const begun = performance.now()
      const timer = setTimeout(() => body.destroy(new TooSlow(`less than ${least} bytes in ${patience} ms`)), patience - waited)
      const next = await chunks.next().finally(() => clearTimeout(timer))
      if (next.done) return
      waited += performance.now() - begun
      brought += next.value.length
      if (brought >= least) waited = brought = 0
      yield next.value
    }
  } finally {
    body.destroy()
  }
}
