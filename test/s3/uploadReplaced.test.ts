import { writeFileSync } from 'node:fs'
import { PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openBucket } from '../../src/storage/s3/bucket.ts'
import { putObject } from '../../src/storage/s3/put.ts'
import { bucketWords, contentOf, keysIn } from '../support/bucketWords.ts'
import { type Answer, FaultProxy, type Seen } from '../support/faultProxy.ts'
import { refusal, resultOf } from '../support/holdfast.ts'
import { type S3Server, startVersitygw } from '../support/s3Servers.ts'
import { failure } from '../support/streams.ts'
import { sha256, small, uploading } from '../support/uploading.ts'

const at = uploading({ tls: false, versioned: false })
const key = 'neo4j-2026.dump'
const another = Buffer.from('another content')

const contentIn = async (server: S3Server): Promise<string> => sha256(await contentOf(server, at.bucket, key))
const toldIn = async (server: S3Server): Promise<unknown> =>
  JSON.parse((await contentOf(server, at.bucket, `${key}.meta.json`)).toString())

/** Of the object itself, not of the one that tells about it. */
const isOf =
  (...methods: string[]) =>
  ({ method, url }: Seen): boolean =>
    methods.includes(method) && url.includes('.dump') && !/\.meta\.json|partNumber=/.test(url)
const putsOf = (proxy: FaultProxy): Seen[] => proxy.seen.filter(isOf('PUT'))
/** Where an answer to the put is lost, a look at the object tells that, too. */
const isTold = isOf('PUT', 'HEAD')
const throughProxy = (proxy: FaultProxy): string[] => {
  return ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1']
}
const versioning = async (Status: 'Enabled' | 'Suspended'): Promise<unknown> =>
  at.minio.client.send(new PutBucketVersioningCommand({ Bucket: at.bucket, VersioningConfiguration: { Status } }))

const otherChecksum = ({ headers }: Answer): void => void (headers['x-amz-checksum-sha256'] = Buffer.alloc(32).toString('base64'))

describe('[s3.protected] in a bucket that keeps no versions, an upload that is to replace another one', () => {
  let versitygw: S3Server
  beforeAll(async () => {
    versitygw = await startVersitygw(at.folder)
  })
  afterAll(async () => versitygw[Symbol.asyncDispose]())
  beforeEach(async () => {
    await versitygw.newBucket(at.bucket)
  })

  test.each([
    ['encrypt', ['--sse', 'AES256'], /does not encrypt/],
    ['lock', ['--sse', 'none', '--object-lock', 'governance', '--object-lock-days', '1'], /can lock no objects/],
  ])('replaces nothing where the server does not %s as asked', async (_, words, message) => {
    const reach = bucketWords(versitygw, at.bucket)
    resultOf(await at.uploadTo(...reach, '--sse', 'none'))
    writeFileSync(at.file, another)
    expect(await at.uploadTo(...reach, ...words, '--force')).toMatchObject(refusal('refused', message))
    expect(await contentIn(versitygw)).toBe(sha256(small))
    expect(await toldIn(versitygw)).toMatchObject({ sha256: sha256(small) })
    expect((await keysIn(versitygw, at.bucket)).toSorted()).toEqual([key, `${key}.meta.json`])
    resultOf(await at.uploadTo(...reach, '--sse', 'none', '--force'))
    expect(await contentIn(versitygw)).toBe(sha256(another))
  })

  test.each(['never', 'not any more'])(
    'stays where the server then says that it stored something else, and is told of beside it (versions: %s)',
    async (versions) => {
      if (versions !== 'never') await versioning('Suspended')
      resultOf(await at.upload())
      writeFileSync(at.file, another)
      await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
      proxy.fault = (request) => (isOf('PUT')(request) ? { change: otherChecksum } : undefined)
      expect(await at.uploadTo(...throughProxy(proxy), '--force', '--prune-local')).toMatchObject(
        refusal('integrity', /the server stored .* it is there, in the place of what it has replaced, which is gone$/),
      )
      expect(await contentIn(at.minio)).toBe(sha256(another))
      expect(await toldIn(at.minio)).toMatchObject({ sha256: sha256(another) })
    },
  )
})

describe('[s3.protected] in a bucket whose versioning is suspended, an object that is stored otherwise than asked', () => {
  /** As AWS tells it of what has no version of its own; MinIO tells nothing. */
  const named = ({ headers }: Answer): void => void (headers['x-amz-version-id'] ??= 'null')

  test.each(['null', 'nothing'])(
    'is removed again where the one that it has replaced was kept as a version, which is then there again (called %s)',
    async (name) => {
      await versioning('Enabled')
      resultOf(await at.upload())
      await versioning('Suspended')
      writeFileSync(at.file, another)
      await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
      const change = (answer: Answer): void => {
        if (name === 'null') named(answer)
        if (putsOf(proxy).length > 0) otherChecksum(answer)
      }
      proxy.fault = (request) => (isTold(request) ? { change } : undefined)
      expect(await at.uploadTo(...throughProxy(proxy), '--force')).toMatchObject(
        refusal('integrity', /the server stored .*; it was removed again$/),
      )
      expect(await contentIn(at.minio)).toBe(sha256(small))
      expect(await toldIn(at.minio)).toMatchObject({ sha256: sha256(small) })
    },
  )

  test('is not taken for the one that another upload has put there meanwhile', async () => {
    await versioning('Suspended')
    await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
    let theirs: Promise<unknown> | undefined
    proxy.fault = (request) => {
      if (isOf('PUT')(request)) return { change: (answer: Answer) => (named(answer), otherChecksum(answer)) }
      if (putsOf(proxy).length === 0 || theirs !== undefined) return undefined
      theirs = at.minio.client.send(new PutObjectCommand({ Bucket: at.bucket, Key: key, Body: another }))
      return theirs
    }
    const outcome = await at.uploadTo(...throughProxy(proxy))
    expect(outcome).toMatchObject(refusal('integrity', /the server stored .*; it was not removed/))
    expect(outcome.error?.hint).toMatch(
      /^if there are versions of .*, look for the one with holdfast-put=[0-9a-f]{32} in its metadata/,
    )
    expect(await contentIn(at.minio)).toBe(sha256(another))
  })
})

test.each([1, 2])('[errors.clear] what is refused is said to be removed again only where it is gone (puts: %i)', async (puts) => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const page = '<html><body>Please sign in.</body></html>'
  proxy.fault = (request) =>
    request.method === 'DELETE'
      ? { status: 200, page }
      : isOf('PUT')(request) && putsOf(proxy).length < puts
        ? 'lose reply'
        : isTold(request)
          ? { change: otherChecksum }
          : undefined
  const outcome = await at.uploadTo(...throughProxy(proxy))
  expect(outcome, `after ${putsOf(proxy).length} puts: ${outcome.story}`).toMatchObject(
    refusal('integrity', /; it could not be removed, and may be there$/),
  )
  expect(await keysIn(at.minio, at.bucket)).toEqual([key])
})

test('[errors.clear] what is there and wrong is told, though the server can do even less', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const bucket = openBucket(at.bucket, {
    ...at.minio.options,
    endpoint: proxy.endpoint,
    attempts: 2,
    encryption: { algorithm: 'AES256' },
  })
  proxy.fault = (request) => {
    if (request.method === 'DELETE') return 'cut'
    if (request.method === 'POST') return { status: 501, code: 'NotImplemented' }
    return isTold(request) ? { change: otherChecksum } : undefined
  }
  expect(await failure(putObject(bucket, key, small, { onlyNew: true }))).toMatchObject({
    code: 'integrity',
    message: expect.stringMatching(/; it could not be removed, and may be there$/) as string,
  })
  expect(await keysIn(at.minio, at.bucket)).toEqual([key])
})
