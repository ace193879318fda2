import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { expectRestorable, restlessLog } from '../support/pointInTimeScenario.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'

let folder: string
let minio: S3Server

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
  minio = await startMinio(folder, { tls: true })
  minio.use({ HOLDFAST_OBJECT_LOCK: 'compliance', HOLDFAST_OBJECT_LOCK_DAYS: '1', HOLDFAST_SSE: 'AES256' })
})
afterAll(async () => {
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

test('[archive.point-in-time] [archive.exact] [s3.protected] from a bucket with compliance lock, Neo4j is restored to random transactions and moments', async () => {
  const bucket = await minio.newBucket('point-in-time', { locked: true })
  const settings = { ...restlessLog, 'db.tx_log.rotation.size': '256k' }
  await expectRestorable({ version: namedVersions.lts, asked: 1, settings, repo: `s3://${bucket}/graph` })
})
