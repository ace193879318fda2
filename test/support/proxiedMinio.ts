import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { s3Storage } from '../../src/storage/s3/s3Storage.ts'
import type { S3Options } from '../../src/storage/s3/options.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { FaultProxy } from './faultProxy.ts'
import { type S3Server, startMinio } from './s3Servers.ts'

/** What tests of bad answers share: one MinIO behind a proxy that does nothing at first, and for each test a bucket of its own. */
export interface ProxiedMinio {
  minio: S3Server
  proxy: FaultProxy
  bucket: string
  /** A place in the bucket, through the proxy. */
  open: (options?: S3Options) => Storage
}

/** Sets up what is there once the tests of the file run. */
export function proxiedMinio({
  versioned,
  attempts,
  prefix = 'p',
}: {
  versioned: boolean
  attempts: number
  prefix?: string
}): ProxiedMinio {
  let folder: string
  let number = 0
  const at = {
    open: (options = {}) =>
      s3Storage({ bucket: at.bucket, prefix }, { ...at.minio.options, endpoint: at.proxy.endpoint, attempts, ...options }),
  } as ProxiedMinio
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
    at.minio = await startMinio(folder)
    at.proxy = await FaultProxy.start(at.minio.options.endpoint!)
  })
  afterAll(async () => {
    await at.proxy[Symbol.asyncDispose]()
    await at.minio[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    at.proxy.fault = () => undefined
    at.proxy.seen.length = 0
    at.bucket = await at.minio.newBucket(`proxied-${number++}`, { versioned })
  })
  return at
}
