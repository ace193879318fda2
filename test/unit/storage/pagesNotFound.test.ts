import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findRepositories, repositoryAround } from '../../../src/repository/findRepositories.ts'
import { type Bucket, openBucket } from '../../../src/storage/s3/bucket.ts'
import { putObject } from '../../../src/storage/s3/put.ts'
import { s3Storage } from '../../../src/storage/s3/s3Storage.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { ObjectMissingError } from '../../../src/storage/storageErrors.ts'
import { collect, failure } from '../../support/streams.ts'

let server: Server
let answer: (request: IncomingMessage, response: ServerResponse) => void
let requests: string[]
let storage: Storage
let bucket: Bucket
beforeAll(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'not-a-secret' })
  server = createServer((request, response) => {
    requests.push(request.method ?? '')
    request.resume().once('end', () => answer(request, response))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const options = { endpoint, region: 'us-east-1', attempts: 3 }
  storage = s3Storage({ bucket: 'bucket', prefix: '' }, options)
  bucket = openBucket('bucket', options)
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
beforeEach(() => {
  requests = []
})

const listOf = (...keys: string[]): string =>
  `<ListBucketResult><IsTruncated>false</IsTruncated>${keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')}</ListBucketResult>`

describe('[s3.network] a page that says 404', () => {
  test.each(['404 page not found\n', '<!DOCTYPE html><html>default backend - 404</html>', '', '{"code":404}'])(
    'in the place of an object does not say that this is missing: %j',
    async (page) => {
      answer = (_, response) => response.writeHead(404).end(page)
      const error = await failure(collect(storage.get('x')))
      expect(error).not.toBeInstanceOf(ObjectMissingError)
      expect(error).toMatchObject({
        code: 'repository',
        message: expect.stringContaining('what answers 404 there is no S3 server') as string,
      })
      expect(requests.length).toBe(3)
    },
  )

  test('passes', async () => {
    answer = (_, response) => {
      if (requests.length === 1) response.writeHead(404).end('404 page not found')
      else response.writeHead(200, { etag: '"x"', 'content-length': 7 }).end('content')
    }
    expect((await collect(storage.get('x'))).toString()).toBe('content')
  })

  test('is not what a server says, which counts at once', async () => {
    answer = (_, response) => response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>')
    expect(await failure(collect(storage.get('x')))).toBeInstanceOf(ObjectMissingError)
    expect(requests.length).toBe(1)
  })
})

describe('an object that a server lists, and says of it that it is not there,', () => {
  const contradiction = { code: 'repository', message: expect.stringContaining('is not there, and lists it') as string }
  /** Where a put is refused, as its key is taken. */
  const lists = (...keys: string[]) => {
    answer = ({ method }, response) => {
      if (method === 'GET') response.end(listOf(...keys))
      else if (method === 'PUT') response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>')
      else response.writeHead(404).end()
    }
  }

  test('is no repository that is not there', async () => {
    lists('p/repository')
    expect(await failure(repositoryAround(bucket, 'p', {}))).toMatchObject(contradiction)
    expect(await failure(findRepositories(bucket, 'p', {}))).toMatchObject(contradiction)
  })

  test('is not what a put may replace as if it were nothing', async () => {
    lists('x')
    expect(await failure(putObject(bucket, 'x', Buffer.from('x'), { onlyNew: false }))).toMatchObject(contradiction)
    expect(requests).not.toContain('PUT')
  })

  test('is not nothing after a put that was refused', async () => {
    lists('x')
    expect(await failure(storage.put('x', Buffer.from('x')))).toMatchObject(contradiction)
    expect(requests.filter((method) => method === 'PUT').length).toBe(1)
  })

  test('counts as not there where the list has another one, or the role may not list', async () => {
    lists('x-other')
    expect(await repositoryAround(bucket, 'p', {})).toBeUndefined()
    answer = ({ method }, response) =>
      method === 'GET' ? response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>') : response.writeHead(404).end()
    expect(await repositoryAround(bucket, 'p', {})).toBeUndefined()
  })
})

test('a repository at the root of the bucket that comes to be while others are looked for is found', async () => {
  answer = ({ method, url = '' }, response) => {
    if (method === 'GET') response.end(url.includes('max-keys') ? listOf() : listOf('other', 'repository'))
    else response.writeHead(404).end()
  }
  expect(await findRepositories(bucket, '', {})).toMatchObject({ below: '' })
})
