import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeadObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Uploaded } from '../../src/artifact/upload.ts'
import { bucketWords } from '../support/bucketWords.ts'
import { holdfast, refusal, resultOf } from '../support/holdfast.ts'
import { type S3Server, startMinio, startVersitygw } from '../support/s3Servers.ts'

const day = 86_400_000

let folder: string
let minio: S3Server
let versitygw: S3Server
let file: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-lock-'))
  minio = await startMinio(folder)
  versitygw = await startVersitygw(folder)
  file = join(folder, 'neo4j.dump')
  await writeFile(file, 'a dump')
})
afterAll(async () => {
  for (const server of [minio, versitygw]) await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const upload = async (server: S3Server, bucket: string, days: number, mode = 'compliance') => {
  const lock = days === 0 ? [] : ['--object-lock', mode, '--object-lock-days', String(days)]
  return holdfast<Uploaded>('s3', 'upload', '--file', file, ...bucketWords(server, bucket), '--sse', 'none', ...lock)
}

test('[artifact.upload] a file that is there already gets the lock that is asked for, and a longer one', async () => {
  const bucket = await minio.newBucket(`lock-${randomUUID()}`, { locked: true })
  for (const days of [0, 1, 5]) {
    const { status, verified } = resultOf(await upload(minio, bucket, days))
    expect(status).toBe(days === 0 ? 'uploaded' : 'skipped')
    const { ObjectLockMode, ObjectLockRetainUntilDate } = await minio.client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: 'neo4j.dump' }),
    )
    expect(ObjectLockMode).toBe(days === 0 ? undefined : 'COMPLIANCE')
    if (days > 0) expect(ObjectLockRetainUntilDate!.getTime()).toBeGreaterThan(Date.now() + days * day - 3_600_000)
    expect(verified.lock).toEqual(days > 0 ? { mode: 'COMPLIANCE', until: ObjectLockRetainUntilDate!.toISOString() } : undefined)
  }
})

test('[artifact.upload] a lock that is verified is told; a weaker one that is there already is refused', async () => {
  const bucket = await minio.newBucket(`lock-${randomUUID()}`, { locked: true })
  const mode = async (name: string) => upload(minio, bucket, 1, name)
  expect(resultOf(await mode('governance')).verified.lock).toMatchObject({ mode: 'GOVERNANCE' })
  expect(await mode('compliance')).toMatchObject(
    refusal('refused', /is not locked as asked: expected COMPLIANCE for 1 days, found GOVERNANCE until 2/),
  )
  expect(resultOf(await mode('governance'))).toMatchObject({ status: 'skipped' })
})

test('[s3.protected] where a lock is refused, no server keeps what was sent', async () => {
  for (const server of [minio, versitygw]) {
    const bucket = await server.newBucket(`lock-${randomUUID()}`)
    const outcome = await upload(server, bucket, 1)
    expect(outcome).toMatchObject(refusal('refused', /the bucket can lock no objects/))
    expect(outcome.error?.hint).toContain('object lock')
    const { Versions = [] } = await server.client.send(new ListObjectVersionsCommand({ Bucket: bucket }))
    expect(Versions).toEqual([])
  }
})
