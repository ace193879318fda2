import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bucketWords } from '../support/bucketWords.ts'
import { holdfast, refusal, resultOf } from '../support/holdfast.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'

let folder: string
let minio: S3Server

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-by-hand-'))
  minio = await startMinio(folder)
  await minio.newBucket('by-hand')
})
afterAll(async () => {
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const sha256 = createHash('sha256').update('a dump').digest('hex')

/** An object as the AWS command line uploads it, with the metadata that the guide names. */
const put = async (Key: string, Body: string, Metadata: Record<string, string>): Promise<unknown> =>
  minio.client.send(new PutObjectCommand({ Bucket: 'by-hand', Key, Body, Metadata }))
const verify = async (key: string) =>
  holdfast<{ verdict: string; confirmedBy: string[] }>(
    's3',
    'verify-restore',
    '--skip-load',
    '--key',
    key,
    ...bucketWords(minio, 'by-hand'),
  )

test('[artifact.verify] of a file that was uploaded by hand, the SHA-256 in its metadata counts', async () => {
  await put('good.dump', 'a dump', { sha256, db_name: 'neo4j', software_version: '5.26.30' })
  expect(resultOf(await verify('good.dump'))).toMatchObject({
    verdict: 'checksum-only',
    confirmedBy: ['the metadata of the object'],
  })
  await put('damaged.dump', 'a Dump', { sha256 })
  expect(await verify('damaged.dump')).toMatchObject(refusal('integrity', /SHA-256/))
  await put('silent.dump', 'a dump', { sha256: 'none' })
  expect(await verify('silent.dump')).toMatchObject(refusal('usage', /nothing tells/))
})
