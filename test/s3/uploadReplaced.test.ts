import { writeFileSync } from 'node:fs'
import { PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bucketWords, contentOf, keysIn } from '../support/bucketWords.ts'
import { type Answer, FaultProxy } from '../support/faultProxy.ts'
import { refusal, resultOf } from '../support/holdfast.ts'
import { type S3Server, startVersitygw } from '../support/s3Servers.ts'
import { sha256, small, uploading } from '../support/uploading.ts'

const at = uploading({ tls: false, versioned: false })
const key = 'neo4j-2026.dump'
const another = Buffer.from('another content')

const contentIn = async (server: S3Server): Promise<string> => sha256(await contentOf(server, at.bucket, key))
const toldIn = async (server: S3Server): Promise<unknown> =>
  JSON.parse((await contentOf(server, at.bucket, `${key}.meta.json`)).toString())

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
      if (versions !== 'never') {
        const VersioningConfiguration = { Status: 'Suspended' } as const
        await at.minio.client.send(new PutBucketVersioningCommand({ Bucket: at.bucket, VersioningConfiguration }))
      }
      resultOf(await at.upload())
      writeFileSync(at.file, another)
      await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
      proxy.fault = ({ method, url }) => (method === 'PUT' && url.includes('.dump?x-id') ? { change: otherChecksum } : undefined)
      const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--force', '--prune-local']
      expect(await at.uploadTo(...words)).toMatchObject(
        refusal('integrity', /the server stored .* it is there, in the place of what it has replaced, which is gone$/),
      )
      expect(await contentIn(at.minio)).toBe(sha256(another))
      expect(await toldIn(at.minio)).toMatchObject({ sha256: sha256(another) })
    },
  )
})

test('[errors.clear] what is refused is said to be removed again only where it is gone', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const page = '<html><body>Please sign in.</body></html>'
  proxy.fault = ({ method, url }) =>
    method === 'DELETE'
      ? { status: 200, page }
      : method === 'PUT' && url.includes('.dump?x-id')
        ? { change: otherChecksum }
        : undefined
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1']
  expect(await at.uploadTo(...words)).toMatchObject(refusal('integrity', /; it could not be removed, and may be there$/))
  expect(await keysIn(at.minio, at.bucket)).toEqual([key])
})
