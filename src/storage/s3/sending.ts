import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'

/** Bytes that go to the connection at a time. */
const sliceSize = 256 * 1024

/**
 * Sends large bodies in slices, and gives an attempt up where none of them has gone out for a while, or no answer begins that long after
 * the last: a slow connection may take as long as it needs, unless the socket's own clock
 * ends while the system still has what it was handed. The clock of the SDK begins with the request, and the sending counts.
 * @param patience milliseconds
 */
export function sendInSlices(client: S3Client, patience: number): void {
  const { requestHandler } = client.config
  const handle = requestHandler.handle.bind(requestHandler)
  // Nearer to the server than any middleware: each attempt has a clock and a stream of its own, behind the signature.
  requestHandler.handle = async (request, options = {}) => {
    const { body } = request as { body?: unknown }
    if (!(body instanceof Uint8Array) || body.length <= sliceSize) return handle(request, options)
    const stop = new AbortController()
    const clock = setTimeout(() => stop.abort(tooLate(patience)), patience)
    const { abortSignal: asked } = options as { abortSignal?: unknown }
    const signals = [stop.signal, ...(asked instanceof AbortSignal ? [asked] : [])]
    try {
      // The SDK sends the same request again where an attempt fails: it keeps its body.
      const attempt = Object.assign(Object.create(request as object), {
        body: Readable.from(slices(body, () => clock.refresh())),
      }) as typeof request
      // The clock above takes the place of its own.
      return await handle(attempt, { ...options, abortSignal: AbortSignal.any(signals), requestTimeout: 0 })
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error
    } finally {
      clearTimeout(clock)
    }
  }
}

/** TLS encrypts what it is handed at once, so that a whole part would be in memory twice. */
function* slices(body: Uint8Array, onSlice: () => void): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += sliceSize) {
    onSlice()
    yield body.subarray(at, at + sliceSize)
  }
}

/** Named as the SDK names what it tries again. */
function tooLate(patience: number): Error {
  return Object.assign(new Error(`nothing was sent and no answer began in ${patience / 1000} s`), { name: 'TimeoutError' })
}
