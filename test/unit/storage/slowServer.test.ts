import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { initRepository, openRepository, repositoryExists } from '../../../src/repository/repository.ts'
import { s3Storage } from '../../../src/storage/s3/s3Storage.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { ObjectMissingError, PutUnsettledError } from '../../../src/storage/storageErrors.ts'
import { addFiles, digests, readBack } from '../../support/smallBackup.ts'
import { collect, failure, patterned } from '../../support/streams.ts'

const MiB = 1024 * 1024
const large = patterned(6 * MiB)

interface Stored {
  body: Buffer
  metadata: IncomingMessage['headers']
}

/** What the server has: objects, those that it will have when it gets to it, and the parts of an upload. */
let stored: Map<string, Stored>
let late: Map<string, Stored>
let parts: Buffer[]
let metadata: IncomingMessage['headers']
let requests: string[]
/** What becomes of a request that is left for later, once it has come whole. */
let answerLate: (response: ServerResponse) => void
/** Which objects come to exist only when the server gets to it. */
let isLate: (key: string) => boolean

let server: Server
let storage: Storage
beforeAll(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'not-a-secret' })
  server = createServer((request, response) => void answer(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  storage = s3Storage({ bucket: 'bucket', prefix: '' }, { endpoint, region: 'us-east-1', attempts: 2 })
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
beforeEach(() => {
  stored = new Map()
  late = new Map()
  parts = []
  requests = []
  answerLate = (response) => response.writeHead(504).end()
  isLate = () => true
})

/** The server gets to what it was asked to store; it takes a name once. */
const catchUp = (): void => {
  for (const [key, object] of late) if (!stored.has(key)) stored.set(key, object)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://server')
  const key = pathname.replace(/^\/bucket\/?/, '')
  const method = request.method ?? ''
  const ownMetadata = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.startsWith('x-amz-meta-')))
  const make = (object: Stored, done: () => void): void => {
    if (!isLate(key)) {
      stored.set(key, object)
      return done()
    }
    late.set(key, object)
    answerLate(response)
  }
  if (method === 'POST' && searchParams.has('uploads')) {
    requests.push('begin')
    metadata = ownMetadata
    response.end('<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>')
  } else if (method === 'PUT' && searchParams.has('partNumber')) {
    parts[Number(searchParams.get('partNumber')) - 1] = body
    response.writeHead(200, { etag: '"part"' }).end()
  } else if (method === 'POST') {
    requests.push('end')
    make({ body: Buffer.concat(parts), metadata }, () =>
      response.end('<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>'),
    )
  } else if (method === 'DELETE' && searchParams.has('uploadId')) {
    requests.push('give up')
    // As some servers do: the object that is being made of these parts is told of all the same.
    for (const object of late.values()) object.body = Buffer.alloc(0)
    response.writeHead(204).end()
  } else if (method === 'PUT') {
    requests.push(`put ${key}`)
    make({ body, metadata: ownMetadata }, () => response.writeHead(200, { etag: '"x"' }).end())
  } else if (method === 'DELETE') {
    requests.push(`delete ${key}`)
    stored.delete(key)
    response.writeHead(204).end()
  } else if (key === '') {
    const found = [...stored].filter(([name]) => name.startsWith(searchParams.get('prefix') ?? '')).toSorted()
    const contents = found.map(([name]) => `<Contents><Key>${name}</Key></Contents>`).join('')
    response.end(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`)
  } else {
    const object = stored.get(key)
    if (object === undefined) response.writeHead(404).end(method === 'HEAD' ? undefined : '<Error><Code>NoSuchKey</Code></Error>')
    else {
      const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
      const content = object.body.subarray(Number(first ?? 0), last ? Number(last) + 1 : undefined)
      const range = first === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${object.body.length}` }
      const headers = { etag: '"x"', 'content-length': content.length, 'last-modified': new Date().toUTCString(), ...range }
      response.writeHead(first === undefined ? 200 : 206, { ...object.metadata, ...headers })
      response.end(method === 'HEAD' ? undefined : content)
    }
  }
}

describe('[s3.network] an upload in parts whose end the server is still at', () => {
  test('when something in front of it has given up waiting is not given up, and comes to be whole', async () => {
    const error = await failure(storage.put('x', large))
    expect(error).toBeInstanceOf(PutUnsettledError)
    expect(error).toMatchObject({ hint: expect.stringMatching(/its parts cost money/) as string })
    expect(requests).toEqual(['begin', 'end', 'end'])
    catchUp()
    expect((await collect(storage.get('x'))).equals(large)).toBe(true)
  })

  test('when nobody wants it any more is not given up either', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    answerLate = () => stop.abort(reason)
    expect(await failure(storage.put('x', large, { signal: stop.signal }))).toBe(reason)
    expect(requests).toEqual(['begin', 'end'])
    catchUp()
    expect((await collect(storage.get('x'))).equals(large)).toBe(true)
  })

  test.each([
    [403, '<html>Not from here.</html>', false],
    [400, '<Error><Code>RequestTimeout</Code></Error>', false],
    [429, '<Error><Code>TooManyRequests</Code></Error>', false],
    [503, '<Error><Code>SlowDown</Code></Error>', false],
    [404, '<Error><Code>NoSuchUpload</Code></Error>', false],
    [400, '<Error><Code>InvalidPart</Code></Error>', true],
    [403, '<Error><Code>AccessDenied</Code></Error>', true],
    [501, '<Error><Code>NotImplemented</Code></Error>', true],
  ])('and that is answered with %i and %s is given up: %#', async (status, body, isGivenUp) => {
    answerLate = (response) => response.writeHead(status).end(body)
    expect(await failure(storage.put('x', large))).toMatchObject({ code: 'repository' })
    expect(requests.includes('give up')).toBe(isGivenUp)
  })

  test('is not given up where a later attempt is refused', async () => {
    let ends = 0
    answerLate = (response) =>
      ++ends === 1 ? response.writeHead(504).end() : response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>')
    expect(await failure(storage.put('x', large))).toBeInstanceOf(PutUnsettledError)
    expect(requests).toEqual(['begin', 'end', 'end'])
  })
})

describe('[crash.no-half-backup] a put whose answer something in front of the server gives, and nothing is there yet,', () => {
  test.each([
    [504, ''],
    [404, '<html>No such page.</html>'],
    [403, '<html>Not from here.</html>'],
  ])('with status %i and %j, may be stored all the same', async (status, body) => {
    answerLate = (response) => response.writeHead(status).end(body)
    expect(await failure(storage.put('x', Buffer.from('small')))).toBeInstanceOf(PutUnsettledError)
    expect(await failure(collect(storage.get('x')))).toBeInstanceOf(ObjectMissingError)
    catchUp()
    expect((await collect(storage.get('x'))).toString()).toBe('small')
  })

  test('is not stored where the server itself refuses it', async () => {
    answerLate = (response) => response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>')
    expect(await failure(storage.put('x', Buffer.from('small')))).not.toBeInstanceOf(PutUnsettledError)
  })

  test('of a repository leaves its key, without which it could never be opened', async () => {
    isLate = (key) => key === 'repository'
    const encryption = { keyFile: Buffer.alloc(32, 1) }
    expect(await failure(initRepository(storage, { encryption }))).toBeInstanceOf(PutUnsettledError)
    catchUp()
    expect(await repositoryExists(storage)).toBe(true)
    expect((await Array.fromAsync(storage.list('keys/'))).length).toBe(1)
  })

  test('of a manifest leaves what its backup needs', async () => {
    isLate = (key) => key.endsWith('/manifest')
    await initRepository(storage)
    const repository = await openRepository(storage)
    const files = { a: patterned(40_000) }
    {
      await using writer = await repository.startBackup({ command: 'test', blockSize: 4096 })
      expect(await failure(writer.finish(await addFiles(writer, files)))).toMatchObject({
        message: expect.stringContaining(`and then backup ${writer.id} is there`) as string,
      })
    }
    catchUp()
    const [listed] = await repository.listBackups()
    expect(digests(await readBack(repository, listed!.manifest!))).toEqual(digests(files))
  })
})
