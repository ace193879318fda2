import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { FaultProxy } from '../support/faultProxy.ts'
import { makeData } from '../support/faultsData.ts'
import { expectArchivedThroughKills } from '../support/killedArchiver.ts'
import { expectSurvivedBackups } from '../support/killedBackups.ts'
import { expectResumed, makeRestorable } from '../support/killedRestore.ts'
import { withFolder } from '../support/neo4j.ts'
import { kmsKeyId, type S3Server, startMinio } from '../support/s3Servers.ts'
import { watchedBucket } from '../support/watchedPlace.ts'

const locked = {
  HOLDFAST_SSE: 'aws:kms',
  HOLDFAST_KMS_KEY: kmsKeyId,
  HOLDFAST_OBJECT_LOCK: 'compliance',
  HOLDFAST_OBJECT_LOCK_DAYS: '1',
}

let folder: string
let minio: S3Server
let proxy: FaultProxy
let original: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
  minio = await startMinio(folder)
  proxy = await FaultProxy.start(minio.options.endpoint!)
  original = await makeData(join(folder, 'original'), { ending: 'killed' })
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe.each([
  ['a bucket', {}, 'open', [1]],
  ['a bucket with compliance lock and SSE-KMS', locked, 'locked', [2]],
] as const)('in %s', (_, asked, name, batches) => {
  beforeAll(() => minio.use({ HOLDFAST_ENDPOINT: proxy.endpoint, ...asked }))

  test.each(batches)(
    '[crash.no-half-backup] killed at any moment, a backup leaves no half one, earlier ones stay valid and the next run works (%i)',
    async (batch) =>
      withFolder('s3-backup-crash', async (own) => {
        const bucket = await minio.newBucket(`backups-${name}-${batch}`, { locked: name === 'locked' })
        const place = watchedBucket(`s3://${bucket}/graphs/one`, proxy)
        await expectSurvivedBackups({ original, folder: own, place, batch })
      }),
  )

  test('[restore.resume] killed at any moment, again and again, a restore ends as if it had never stopped', async () =>
    withFolder('s3-restore-crash', async (own) => {
      const bucket = await minio.newBucket(`restore-${name}`, { locked: name === 'locked' })
      await expectResumed(await makeRestorable(join(own, 'original'), `s3://${bucket}/graphs/one`), own)
    }))

  test('[archive.crash] killed at random moments, the archiver and Neo4j leave an archive that is the log', async () =>
    withFolder('s3-archive-crash', async (own) => {
      const bucket = await minio.newBucket(`archive-${name}`, { locked: name === 'locked' })
      await expectArchivedThroughKills({ folder: own, place: watchedBucket(`s3://${bucket}/graphs/one`, proxy) })
    }))
})
