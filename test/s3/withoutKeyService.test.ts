import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { s3Storage } from '../../src/storage/s3/s3Storage.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'
import { failure, patterned } from '../support/streams.ts'

let folder: string
let server: S3Server
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-no-keys-'))
  server = await startMinio(folder, { kms: false })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

test.each([6, 5_000_000, 20_000_000])(
  '[s3.network] a server that cannot encrypt is told as that, also where it breaks the connection of a put of %i bytes',
  async (size) => {
    const bucket = await server.newBucket(`no-keys-${size}`)
    const options = { ...server.options, encryption: { algorithm: 'AES256' as const }, attempts: 1 }
    const storage = s3Storage({ bucket, prefix: 'p' }, options)
    // Whether the connection breaks before the answer is read is a matter of luck.
    for (let round = 0; round < 8; round++) {
      expect(await failure(storage.put(`x${round}`, patterned(size)))).toMatchObject({
        code: 'repository',
        message: expect.stringMatching(/NotImplemented: .*KMS/) as string,
        hint: expect.stringContaining('--sse none') as string,
      })
    }
    expect(await Array.fromAsync(storage.list(''))).toEqual([])
  },
)
