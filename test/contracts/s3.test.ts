import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { s3Storage } from '../../src/storage/s3/s3Storage.ts'
import type { S3Options } from '../../src/storage/s3/options.ts'
import { kmsKeyId, type S3Server, startMinio, startVersitygw } from '../support/s3Servers.ts'
import { storageContract } from './storage.ts'

describe('on real S3 servers', () => {
  let folder: string
  let minio: S3Server
  let versitygw: S3Server

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
    minio = await startMinio(folder, { tls: true })
    versitygw = await startVersitygw(folder)
  })
  afterAll(async () => {
    await minio[Symbol.asyncDispose]()
    await versitygw[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const openOn =
    (server: () => S3Server, extra: S3Options, bucketOptions: { versioned?: boolean; locked?: boolean }) => async () => {
      const bucket = await server().newBucket(`holdfast-${randomUUID()}`, bucketOptions)
      return { storage: s3Storage({ bucket, prefix: 'some/prefix' }, { ...server().options, ...extra }), close: async () => {} }
    }

  storageContract('MinIO', { holdsBodies: false, open: openOn(() => minio, {}, {}) })
  storageContract('MinIO, versioned, locked (compliance), SSE-KMS', {
    holdsBodies: false,
    open: openOn(
      () => minio,
      { lock: { mode: 'COMPLIANCE', days: 1 }, encryption: { algorithm: 'aws:kms', keyId: kmsKeyId } },
      { locked: true },
    ),
  })
  storageContract('versitygw', { holdsBodies: false, open: openOn(() => versitygw, {}, {}) })
})
