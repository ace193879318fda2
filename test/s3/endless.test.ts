import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { s3Storage } from '../../src/storage/s3/s3Storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { holdfast } from '../support/holdfast.ts'
import { collect, failure } from '../support/streams.ts'

type Respond = (request: IncomingMessage, response: ServerResponse) => void

/** A server that no S3 server is, for none that is real answers so. */
let server: Server
let answer: Respond
let storage: Storage
let requests = 0

/** @param patience in milliseconds; the usual one unless given */
function reach(patience?: number): Storage {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const options = { endpoint, region: 'us-east-1', attempts: 2, ...(patience === undefined ? {} : { patience }) }
  return s3Storage({ bucket: 'bucket', prefix: 'p' }, options)
}

beforeEach(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'not-a-secret' })
  requests = 0
  server = createServer((request, response) => {
    requests += 1
    request.resume().once('end', () => answer(request, response))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  storage = reach()
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const MiB = 1024 * 1024
const block = Buffer.alloc(64 * 1024, ' ')
const matching = (text: RegExp): string => expect.stringMatching(text) as string

/** Sends the same for ever. @returns how many bytes the server could send until the connection was given up. */
async function flood(response: ServerResponse): Promise<number> {
  let sent = 0
  const blocks = function* () {
    for (; ; sent += block.length) yield block
  }
  await pipeline(blocks, response).catch(() => {})
  return sent
}

/** Sends a byte now and then, so that the connection is never idle. */
function drip(response: ServerResponse, write: () => void): void {
  const timer = setInterval(write, 20)
  response.once('close', () => clearInterval(timer))
}

describe('[s3.network] an answer without an end', () => {
  test('to the read of a part is left where the part ends', async () => {
    const flooded = Promise.withResolvers<number>()
    answer = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-99/100', etag: '"x"' })
      flooded.resolve(flood(response))
    }
    const read = await collect(storage.get('x', { range: { offset: 0, length: 100 } }))
    expect(read.equals(block.subarray(0, 100))).toBe(true)
    expect(await flooded.promise).toBeLessThan(16 * 1024 * 1024)
  })

  test.each([
    ['a list', async () => Array.fromAsync(storage.list(''))],
    ['the end of an upload', async () => storage.put('x', Buffer.alloc(6 * 1024 * 1024))],
  ])('to %s is given up before it fills the memory', async (_, request) => {
    const flooded = Promise.withResolvers<number>()
    answer = ({ method, url = '' }, response) => {
      const isEnd = method === 'POST' && url.includes('uploadId=')
      if (method === 'HEAD') response.writeHead(404).end()
      else if (method === 'DELETE') response.writeHead(204).end()
      else if (method === 'PUT') response.writeHead(200, { etag: '"part"' }).end()
      else if (method === 'POST' && !isEnd)
        response.end('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>')
      else flooded.resolve(flood(response))
    }
    expect(await failure(request())).toMatchObject({ code: 'repository', message: matching(/the answer has no end/) })
    expect(await flooded.promise).toBeLessThan(64 * 1024 * 1024)
  })

  test('that is a list of empty pages is no list', async () => {
    answer = (_, response) => {
      const next = `<NextContinuationToken>${requests}</NextContinuationToken>`
      response.end(`<ListBucketResult><IsTruncated>true</IsTruncated><KeyCount>0</KeyCount>${next}</ListBucketResult>`)
    }
    expect(await failure(Array.fromAsync(storage.list('')))).toMatchObject({
      code: 'repository',
      message: matching(/no object on 1000 pages in a row/),
    })
  })
})

describe('[s3.network] a server that sends a byte now and then is given up', () => {
  const late = { code: 'repository', message: matching(/no answer in time/) }
  beforeEach(() => {
    storage = reach(300)
  })

  test('within an object, after some more tries', async () => {
    // So long that the head of no answer comes late, which would be asked for once more.
    storage = reach(1500)
    answer = ({ headers }, response) => {
      const [, from = '0'] = /bytes=(\d+)-/.exec(headers.range ?? '') ?? []
      const range = { 'content-range': `bytes ${from}-999999/1000000`, 'content-length': 1_000_000 - Number(from), etag: '"x"' }
      response.writeHead(headers.range === undefined ? 200 : 206, range)
      drip(response, () => response.write('x'))
    }
    expect(await failure(collect(storage.get('x')))).toMatchObject(late)
    expect(requests).toBe(7)
  })

  test('within the head of an answer, and within a list', async () => {
    answer = (_, response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\nx-name: ')
      drip(response, () => response.socket?.write('x'))
    }
    expect(await failure(storage.stat('x'))).toMatchObject(late)
    answer = (_, response) => {
      response.write('<ListBucketResult>')
      drip(response, () => response.write(' '))
    }
    expect(await failure(Array.fromAsync(storage.list('')))).toMatchObject(late)
    expect(requests).toBe(4)
  })

  test('but not one whose answer is slow only because nobody reads it', async () => {
    const size = 4 * 1024 * 1024
    answer = (_, response) => response.writeHead(200, { 'content-length': size, etag: '"x"' }).end(Buffer.alloc(size))
    let read = 0
    for await (const chunk of reach(2000).get('x')) {
      if (read === 0) await new Promise((resolve) => setTimeout(resolve, 3000))
      read += chunk.length
    }
    expect([read, requests]).toEqual([size, 1])
  })
})

test('[artifact.verify] a download ends where it is longer than was told, and nothing of it stays', async () => {
  const flooded = Promise.withResolvers<number>()
  answer = ({ method, url = '' }, response) => {
    response.setHeader('etag', '"x"')
    if (url.includes('.meta.json')) response.writeHead(404).end()
    else if (method === 'HEAD') response.writeHead(200, { 'content-length': 100 }).end()
    else flooded.resolve(flood(response))
  }
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-endless-'))
  const { port } = server.address() as AddressInfo
  const place = ['--endpoint', `http://127.0.0.1:${port}`, '--region', 'us-east-1', '--work-dir', folder]
  const uri = ['--s3-uri', 's3://bucket/x.dump', '--sha256', 'ab'.repeat(32), '--skip-load']
  const { exitCode, error } = await holdfast('s3', 'verify-restore', ...uri, ...place)
  expect(error).toMatchObject({ code: 'integrity', message: matching(/expected 100 bytes .*found more/) })
  expect(exitCode).toBe(4)
  expect(await flooded.promise).toBeLessThan(64 * MiB)
  expect(await readdir(folder)).toEqual([])
  await rm(folder, { recursive: true })
})
