import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import { crashBackup, crashDelete, type Places } from '../support/crashEverywhere.ts'
import { kmsKeyId, type S3Server, startMinio } from '../support/s3Servers.ts'
import { storageAt } from '../support/storageAt.ts'

const locked = {
  HOLDFAST_SSE: 'aws:kms',
  HOLDFAST_KMS_KEY: kmsKeyId,
  HOLDFAST_OBJECT_LOCK: 'compliance',
  HOLDFAST_OBJECT_LOCK_DAYS: '1',
}

describe('in a bucket with compliance lock and SSE-KMS', () => {
  let folder: string
  let minio: S3Server
  let bucket: string
  let number = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
    minio = await startMinio(folder)
    minio.use(locked)
  })
  afterAll(async () => {
    await minio[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    bucket = await minio.newBucket(`crash-${number++}`, { locked: true })
  })

  const places: Places = {
    place: (name) => `s3://${bucket}/${name}`,
    async copy(from, to) {
      const [source, target] = [storageAt(from), storageAt(to)]
      for await (const { name } of source.list('')) await target.put(name, source.get(name))
    },
  }

  test('[crash.no-half-backup] a backup killed at any point of its writing is there whole or not at all, and the next run works', async () =>
    crashBackup(places))

  test('[crash.safe-delete] a delete killed at any point leaves every kept backup whole, and the next one finishes its work', async () =>
    crashDelete(places))
})
