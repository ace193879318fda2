import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that came to the proxy. */
export interface Seen {
  method: string
  /** With its query. */
  url: string
}

/**
 * What becomes of a request:
 * - `cut`: the connection breaks before anything reaches the server
 * - `cut half sent`: it breaks when half of the request's body has reached the server
 * - `lose reply`: the server does what it was asked, and the connection breaks before its answer
 * - `cut reply`: it breaks in the middle of the answer's body
 * - an answer that the server never gave
 * - a change: the server does what it was asked, and its answer is changed on its way
 * - a promise: the request waits for it, then passes
 */
export type Fault =
  'cut' | 'cut half sent' | 'lose reply' | 'cut reply' | Refusal | { change: (answer: Answer) => void } | Promise<unknown>

interface Refusal {
  status: number
  code?: string
  message?: string
  /** In the place of a document with code and message. */
  page?: string
}

/** What a server answered. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** Stands between Holdfast and a real S3 server and makes the network behave badly, as a test says. */
export class FaultProxy implements AsyncDisposable {
  readonly endpoint: string
  /** Every request, in the order they came. */
  readonly seen: Seen[] = []
  /** Asked for each request; undefined lets it pass. */
  fault: (request: Seen) => Fault | undefined = () => undefined
  readonly #server: Server
  readonly #upstream: URL
  readonly #watchers = new Set<(request: Seen) => void>()

  private constructor(server: Server, upstream: URL) {
    this.#server = server
    this.#upstream = upstream
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#answer(request, response).catch(() => response.destroy())
    })
  }

  /** In front of a server that speaks plain HTTP. */
  static async start(upstream: string): Promise<FaultProxy> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new FaultProxy(server, new URL(upstream))
  }

  /** The next requests that a rule fits get this fault, as often as told; then all pass again. */
  next(times: number, fits: (request: Seen) => boolean, fault: Fault): void {
    let left = times
    this.fault = (request) => {
      if (left === 0 || !fits(request)) return undefined
      left -= 1
      return fault
    }
  }

  /** Is told of each request twice: when it arrives, and when the server has answered it. @returns what ends that. */
  watch(watcher: (request: Seen) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  #tell(request: Seen): void {
    for (const watcher of this.#watchers) watcher(request)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = { method: request.method ?? '', url: request.url ?? '' }
    this.seen.push(seen)
    this.#tell(seen)
    const fault = this.fault(seen)
    if (fault instanceof Promise) await fault
    else if (fault === 'cut') return void request.socket.destroy()
    else if (typeof fault === 'object' && 'status' in fault) return refuse(request, response, fault)
    await this.#forward(seen, request, response, fault instanceof Promise ? undefined : fault)
  }

  async #forward(
    seen: Seen,
    request: IncomingMessage,
    response: ServerResponse,
    fault: 'cut half sent' | 'lose reply' | 'cut reply' | { change: (answer: Answer) => void } | undefined,
  ): Promise<void> {
    const { hostname, port } = this.#upstream
    const { expect: _, ...headers } = request.headers
    const { socket } = request
    const upstream = httpRequest({ hostname, port, method: request.method, path: request.url, headers })
    upstream.on('error', () => socket.destroy())
    const answered = new Promise<IncomingMessage>((resolve) => upstream.on('response', resolve))
    const half = Number(request.headers['content-length'] ?? 0) / 2
    let sent = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sent += chunk.length
      if (fault === 'cut half sent' && sent >= half) {
        upstream.destroy()
        return void socket.destroy()
      }
      if (!upstream.write(chunk)) await new Promise((resolve) => upstream.once('drain', resolve))
    }
    upstream.end()
    const answer = await answered
    this.#tell(seen)
    if (typeof fault === 'object') return changedAnswer(answer, response, fault.change)
    if (fault === 'lose reply') {
      for await (const _chunk of answer);
      return void socket.destroy()
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    const most = fault === 'cut reply' ? Number(answer.headers['content-length'] ?? 0) / 2 : Infinity
    let passed = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      passed += chunk.length
      if (passed >= most) {
        // What came before the break is to arrive.
        await new Promise((resolve) => response.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), resolve))
        return void socket.destroy()
      }
      if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve))
    }
    response.end()
  }
}

async function changedAnswer(answer: IncomingMessage, response: ServerResponse, change: (answer: Answer) => void): Promise<void> {
  const body = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>))
  const changed: Answer = { status: answer.statusCode ?? 500, headers: answer.headers, body }
  change(changed)
  if (changed.body !== body) changed.headers['content-length'] = String(changed.body.length)
  response.writeHead(changed.status, changed.headers)
  response.end(changed.body)
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const { status, code = 'Unknown', message = 'by the proxy', page } = refusal
  request.resume()
  request.once('end', () => {
    response.writeHead(status, { 'content-type': 'application/xml' })
    response.end(page ?? errorDocument(code, message))
  })
}

/** An error as S3 tells it. */
export function errorDocument(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
}
