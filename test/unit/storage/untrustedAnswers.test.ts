import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requireLifecycle, unknownParts } from '../../../src/storage/s3/rulesAnswer.ts'
import { s3Storage } from '../../../src/storage/s3/s3Storage.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { collect, failure } from '../../support/streams.ts'

const MiB = 1024 * 1024
const token = `FwoGZXIvYXdzE${'tOkEn/0123456789+'.repeat(20)}`
const credentials = { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'not-a-secret', AWS_SESSION_TOKEN: token }

let server: Server
let answer: (request: IncomingMessage, response: ServerResponse) => void
let storage: Storage
beforeAll(async () => {
  Object.assign(process.env, credentials)
  server = createServer((request, response) => void request.resume().once('end', () => answer(request, response)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  storage = s3Storage({ bucket: 'bucket', prefix: 'p' }, { endpoint, region: 'us-east-1', attempts: 2 })
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const list = async () => Array.fromAsync(storage.list(''))

describe('an answer of megabytes that is made to be slow is told from a lifecycle at once', () => {
  const bucket = { location: 's3://bucket' } as Parameters<typeof requireLifecycle>[0]
  test.each([
    ['names without an end', '<LifecycleConfiguration'],
    ['blanks', '</LifecycleConfiguration> \n'.repeat(10).padEnd(2000)],
    ['ends that go on', '<LifecycleConfiguration/> x'],
  ])('%s', (_, text) => {
    const long = `${text.repeat((4 * MiB) / text.length)}x`
    expect(() => requireLifecycle(bucket, long)).toThrow('no whole lifecycle')
  })

  test.each(['</LifecycleConfiguration>', '<LifecycleConfiguration/>\n', '<LifecycleConfiguration xmlns="http://s3/doc/"\n />'])(
    'and %j is the end of one',
    (end) => {
      expect(() => requireLifecycle(bucket, `<?xml version="1.0"?>\n${end} \n`)).not.toThrow()
      expect(() => requireLifecycle(bucket, `${end} \n<`)).toThrow('no whole lifecycle')
    },
  )

  test('what nobody knows in it is told only so far', () => {
    expect(unknownParts(Array.from({ length: MiB }, (_, index) => `<a${index}`).join(''))).toHaveLength(20)
    expect(unknownParts('<a'.repeat(4 * MiB))).toEqual(['a'])
    expect(unknownParts(`<${'a'.repeat(4 * MiB)}`)[0]?.length).toBe(100)
  })
})

describe('[s3.network] a page of document types does not keep the program busy', () => {
  const page = '<!DOCTYPE a>'.repeat(MiB)
  test.each([
    [200, /what answers there is no S3 server/],
    [400, /what answers there is no S3 server/],
    [403, /the server refuses it \(AccessDenied\)/],
    [503, /the server is not available \(503\)/],
  ])('with status %i', async (status, message) => {
    answer = (_, response) => response.writeHead(status).end(`${page}<ListBucketResult></ListBucketResult>`)
    expect(await failure(list())).toMatchObject({ code: 'repository', message: expect.stringMatching(message) as string })
  })
})

test('a list whose next page has an empty name has none', async () => {
  answer = (_, response) =>
    response.end(
      '<ListBucketResult><IsTruncated>false</IsTruncated><NextContinuationToken></NextContinuationToken><Contents><Key>p/a</Key></Contents></ListBucketResult>',
    )
  expect((await list()).map(({ name }) => name)).toEqual(['a'])
})

test.each([502, 503, 504])('[errors.clear] a server that is not available is told as that: %i', async (status) => {
  answer = (_, response) => response.writeHead(status).end('<html>Bad.</html>')
  expect(await failure(list())).toMatchObject({
    message: expect.stringContaining(`the server is not available (${status})`) as string,
  })
})

describe('[secrets.hidden] a session token that a server repeats', () => {
  test.each([
    ['as a key', token],
    ['in a URI', encodeURIComponent(token)],
    ['in a URI with small digits', encodeURIComponent(token).replaceAll(/%../g, (code) => code.toLowerCase())],
  ])('%s comes no further', async (_, text) => {
    answer = (_request, response) =>
      response.end(`<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>${text}</Key></Contents></ListBucketResult>`)
    const error = (await failure(list())) as Error
    expect(error.message).toContain('it tells "[secret]"')
  })

  test('with entities of XML comes no further either', async () => {
    const entities = token.replaceAll('+', '&#43;').replaceAll('/', '&#x2F;')
    answer = (_request, response) =>
      response.end(
        `<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>${entities}</Key></Contents></ListBucketResult>`,
      )
    const error = (await failure(list())) as Error
    expect(error.message).toContain('it tells "…"')
  })

  test('in an error comes no further, nor does its cause have it', async () => {
    answer = ({ headers }, response) =>
      response
        .writeHead(400, { 'x-amz-echo': headers['x-amz-security-token'] })
        .end(`<Error><Code>Odd</Code><Message>${token} is odd</Message><Token-0>${token}</Token-0></Error>`)
    const error = (await failure(list())) as Error & { cause: object }
    expect(error.message).toContain('[secret] is odd')
    const cause = error.cause as Error & { $response: { headers: object } }
    expect(JSON.stringify([cause, cause.message, cause.$response.headers])).not.toContain(token)
  })

  test('is left in what somebody has stored', async () => {
    answer = (_, response) => response.writeHead(200, { etag: '"x"', 'content-length': token.length }).end(token)
    expect((await collect(storage.get('x'))).toString()).toBe(token)
  })
})
