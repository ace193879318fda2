import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { put as putExplained } from '../../src/artifact/remoteObject.ts'
import { openBucket } from '../../src/storage/s3/bucket.ts'
import { failure } from '../support/streams.ts'

/** A server that reads slowly or not at all, as no real one could be told to. It has nothing, and is asked for that where a put fails. */
let server: Server
let put: (request: IncomingMessage, response: ServerResponse) => Promise<void>
let puts = 0

beforeEach(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'not-a-secret' })
  puts = 0
  server = createServer((request, response) => {
    if (request.method !== 'PUT') return void response.writeHead(404).end()
    puts += 1
    // Where the connection breaks.
    void put(request, response).catch(() => {})
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const MiB = 1024 * 1024
/** Far more than the two ends of a connection hold on its way. */
const content = Buffer.alloc(48 * MiB)

/** @param patience in milliseconds */
async function store(patience: number, { signal } = new AbortController()): Promise<void> {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const bucket = openBucket('bucket', { endpoint, region: 'us-east-1', attempts: 2, patience })
  await putExplained(bucket, 'x', content, { onlyNew: true, partSize: 64 * MiB, signal })
}

/** Begins an answer that has no end. */
function drip({ socket }: ServerResponse): void {
  socket?.write('HTTP/1.1 200 OK\r\nx-name: ')
  const timer = setInterval(() => socket?.write('x'), 20)
  socket?.once('close', () => clearInterval(timer))
}

describe('[s3.network] a large body', () => {
  test('may take as long as a slow connection needs', async () => {
    let got = 0
    put = async (request, response) => {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        got += chunk.length
        // In all six seconds at least.
        await delay(Math.ceil(chunk.length / (8 * 1024)))
      }
      response.writeHead(200, { etag: '"x"' }).end()
    }
    const begun = performance.now()
    await store(5000)
    expect(performance.now() - begun).toBeGreaterThan(5000)
    expect([got, puts]).toEqual([content.length, 1])
  })

  test.each([
    ['is read and never answered', async (request: IncomingMessage) => void request.resume()],
    [
      'is read and only answered by the byte',
      async (request: IncomingMessage, response: ServerResponse) => {
        await once(request.resume(), 'end')
        drip(response)
      },
    ],
    [
      'is not read to its end',
      async (request: IncomingMessage, response: ServerResponse) => {
        await once(request, 'data')
        request.pause()
        drip(response)
      },
    ],
  ])('that %s is given up, and tried again', async (_, reading) => {
    put = reading
    expect(await failure(store(500))).toMatchObject({
      code: 'repository',
      message: expect.stringMatching(/cannot write x .*no answer in time/) as string,
    })
    expect(puts).toBe(2)
  })

  test('is given up at once by who does not want it any more', async () => {
    const stop = new AbortController()
    put = async () => stop.abort(new Error('enough'))
    expect(await failure(store(600_000, stop))).toMatchObject({ message: 'enough' })
    expect(puts).toBe(1)
  })
})
