import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  type ObjectVersion,
  PutBucketLifecycleConfigurationCommand,
  PutObjectLockConfigurationCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { namedVersions } from '../../src/neo4j/versions.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { FaultProxy } from '../support/faultProxy.ts'
import { expectSameFiles, makeData } from '../support/faultsData.ts'
import { holdfast, refusal, succeed } from '../support/holdfast.ts'
import { expectBusyServerRestored, restless } from '../support/hotBackupScenario.ts'
import { kmsKeyId, type S3Server, startMinio, startVersitygw } from '../support/s3Servers.ts'
import { failure } from '../support/streams.ts'
import { repositoryIn } from '../support/storageAt.ts'
import { Random } from '../support/workload/random.ts'

const day = 86_400_000

let folder: string
let minio: S3Server
let secure: S3Server
let dataDir: string
let number = 0
let bucket: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
  minio = await startMinio(join(folder, 'plain'))
  secure = await startMinio(join(folder, 'secure'), { tls: true })
  dataDir = await makeData(folder, { ending: 'killed' })
})
afterAll(async () => {
  await minio[Symbol.asyncDispose]()
  await secure[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  bucket = `repository-${number++}`
})

const locked = (days: number) => ({ HOLDFAST_OBJECT_LOCK: 'compliance', HOLDFAST_OBJECT_LOCK_DAYS: String(days) })
const encrypted = { HOLDFAST_SSE: 'aws:kms', HOLDFAST_KMS_KEY: kmsKeyId }

/** Makes sure that the next backup has something to store. */
const changeSomething = async (): Promise<void> =>
  writeFile(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), randomBytes(1 << 20))

const backUp = async (repo: string, ...more: string[]): Promise<Manifest> =>
  succeed('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, ...more)

async function versions({ client }: S3Server): Promise<ObjectVersion[]> {
  return (await client.send(new ListObjectVersionsCommand({ Bucket: bucket }))).Versions ?? []
}

test('[backup.hot] [restore.exact] [s3.protected] a busy Neo4j comes back from an encrypted repository in a bucket with TLS, SSE-KMS and compliance lock', async () => {
  secure.use({ ...locked(1), ...encrypted })
  await secure.newBucket(bucket, { locked: true })
  const key = join(folder, 'key')
  await writeFile(key, randomBytes(32), { mode: 0o600 })
  const settings = { ...restless, 'db.tx_log.preallocate': 'true' }
  const repo = `s3://${bucket}/graphs/one`
  await expectBusyServerRestored({ version: namedVersions.lts, settings, repo, key: ['--key-file', key] })
})

test('[s3.network] through a network that breaks all the time, backups are made, validated, restored and deleted, and nothing is stored twice', async () => {
  const random = new Random(`network ${Date.now()}`)
  await using proxy = await FaultProxy.start(minio.options.endpoint!)
  minio.use({ HOLDFAST_ENDPOINT: proxy.endpoint })
  await minio.newBucket(bucket, { versioned: true })
  let faults = 0
  proxy.fault = () => {
    if (!random.chance(0.12)) return undefined
    faults += 1
    const refusals = [
      { status: 503, code: 'SlowDown' },
      { status: 429, code: 'TooManyRequests' },
    ] as const
    return random.pick(['cut', 'cut half sent', 'lose reply', 'cut reply', random.pick(refusals)] as const)
  }
  const repo = `s3://${bucket}`
  await succeed('repo', 'init', '--repo', repo)
  const manifests: Manifest[] = []
  for (let count = 0; count < 3; count++) {
    await changeSomething()
    manifests.push(await backUp(repo))
  }
  const before = join(folder, 'before')
  await cp(dataDir, before, { recursive: true, preserveTimestamps: true })
  expect(await succeed('backup', 'validate', '--repo', repo)).toMatchObject({ verdict: 'good' })
  const target = join(folder, 'from-flaky')
  await succeed('restore', 'start', '--skip-checks', '--to-dir', target, '--repo', repo)
  await expectSameFiles(before, target, manifests.at(-1)!)
  for (const { id } of manifests.slice(0, 2)) await succeed('backup', 'delete', id, '--confirm', '--repo', repo)
  expect(await succeed('backup', 'validate', '--repo', repo)).toMatchObject({ verdict: 'good' })
  expect(faults).toBeGreaterThan(20)
  const keys = (await versions(minio)).map(({ Key }) => Key)
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
})

test('[s3.lock] nobody can remove what the newest backup needs for as long as its own lock lasts, packs of old backups included', async () => {
  await minio.newBucket(bucket, { locked: true })
  const repo = `s3://${bucket}/locked`
  minio.use(locked(1))
  await succeed('repo', 'init', '--repo', repo)
  await backUp(repo)
  minio.use(locked(5))
  await changeSomething()
  const begun = Date.now()
  const { id } = await backUp(repo)

  const repository = await repositoryIn(repo)
  const manifest = await repository.readManifest(id)
  const { packs } = await repository.readBlockTable(manifest)
  expect(packs.length).toBeGreaterThan(1)
  const needed = ['repository', `backups/${id}/manifest`, `backups/${id}/blocks`]
  needed.push(...packs.map((pack) => `packs/${pack.id.slice(0, 2)}/${pack.id}.pack`))
  const found = new Map((await versions(minio)).map((version) => [version.Key, version]))
  for (const name of needed) {
    const { VersionId } = found.get(`locked/${name}`)!
    const object = { Bucket: bucket, Key: `locked/${name}`, VersionId }
    const { Retention } = await minio.client.send(new GetObjectRetentionCommand(object))
    expect(Retention?.Mode, name).toBe('COMPLIANCE')
    expect(Retention?.RetainUntilDate?.getTime(), name).toBeGreaterThan(begun + 5 * day - 3_600_000)
    const denied = minio.client.send(new DeleteObjectCommand({ ...object, BypassGovernanceRetention: true }))
    expect(await failure(denied), name).toMatchObject({ message: expect.stringMatching(/WORM|locked|denied/i) as string })
  }
  // A delete hides what it may not remove; the backup that stays is whole.
  const [first] = (await repository.listBackups()).map((backup) => backup.id)
  await succeed('backup', 'delete', first!, '--confirm', '--repo', repo)
  expect(await succeed('backup', 'validate', '--repo', repo)).toMatchObject({ verdict: 'good' })
})

test('[s3.lock] where the repository is locked and the setting is forgotten, nothing is stored, unless that is meant or the bucket locks all', async () => {
  await minio.newBucket(bucket, { locked: true })
  const repo = `s3://${bucket}/locked`
  minio.use(locked(1))
  await succeed('repo', 'init', '--repo', repo)
  minio.use()
  const before = (await versions(minio)).length
  const forgotten = refusal('refused', /is locked \(compliance until 2.*\), but what this command stores would not be/)
  expect(await holdfast('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)).toMatchObject(forgotten)
  expect(await holdfast('archive', 'run', '--data-dir', dataDir, '--repo', repo)).toMatchObject(forgotten)
  expect((await versions(minio)).length).toBe(before)
  const { exitCode, result } = await holdfast<{ probes: object[] }>('doctor', '--repo', repo)
  expect(exitCode).toBe(7)
  expect(result.probes).toContainEqual({
    name: 'lock as before',
    ok: false,
    found: expect.stringContaining('compliance until') as string,
  })
  // Reading is never refused.
  expect(await succeed('backup', 'list', '--repo', repo)).toMatchObject({ backups: [] })
  await backUp(repo, '--object-lock', 'none')

  const Rule = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } as const
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const
  await minio.client.send(new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration }))
  const other = `s3://${bucket}/by-default`
  await succeed('repo', 'init', '--repo', other)
  await backUp(other)
})

test('[s3.protected] a server that ignores encryption, or a bucket without object lock, is refused with nothing left behind', async () => {
  await using versitygw = await startVersitygw(join(folder, 'gateway'))
  await versitygw.newBucket(bucket)
  versitygw.use({ HOLDFAST_SSE: 'AES256' })
  const repo = `s3://${bucket}/x`
  expect(await holdfast('repo', 'init', '--repo', repo)).toMatchObject(
    refusal('refused', /does not encrypt .* expected .*AES256/),
  )
  expect(await holdfast('doctor', '--repo', repo)).toMatchObject({ exitCode: 7 })
  expect(await versions(versitygw)).toEqual([])

  await minio.newBucket(bucket)
  minio.use(locked(1))
  expect(await holdfast('repo', 'init', '--repo', repo)).toMatchObject(refusal('refused', /the bucket can lock no objects/))
  const { exitCode, result } = await holdfast<{ probes: { name: string; ok: boolean }[] }>('doctor', '--repo', repo)
  expect(exitCode).toBe(7)
  expect(result.probes.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['lock'])
  const Rules = [{ ID: 'cleanup', Status: 'Enabled' as const, Filter: { Prefix: '' }, Expiration: { Days: 30 } }]
  const LifecycleConfiguration = { Rules }
  await minio.client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration }))
  const { facts } = (await holdfast<{ facts: object[] }>('doctor', '--repo', repo)).result
  expect(facts).toContainEqual({ name: 'rules that expire objects', found: 'cleanup (everything after 30 days)' })
  expect(await versions(minio)).toEqual([])
})

test('[errors.clear] what is wrong with a bucket, its credentials or its server is said in words', async () => {
  minio.use()
  await minio.newBucket(bucket)
  const repo = `s3://${bucket}/x`
  expect(await holdfast('repo', 'show', '--repo', 's3://never-was-there/x')).toMatchObject(
    refusal('repository', /there is no such bucket/),
  )
  expect(await holdfast('repo', 'show', '--repo', repo)).toMatchObject(refusal('repository', /there is no repository/))
  expect(await holdfast('repo', 'show', '--repo', repo, '--ca-file', '/etc/hostname')).toMatchObject(
    refusal('usage', /holds no certificate/),
  )
  const plain = ['repo', 'show', '--repo', repo, '--endpoint', secure.options.endpoint!]
  delete process.env['HOLDFAST_CA_FILE']
  expect(await holdfast(...plain)).toMatchObject(refusal('repository', /certificate is not trusted/))
  const known = process.env['AWS_SECRET_ACCESS_KEY']
  process.env['AWS_SECRET_ACCESS_KEY'] = 'another'
  try {
    expect(await holdfast('repo', 'show', '--repo', repo)).toMatchObject(refusal('repository', /secret key does not fit/))
  } finally {
    process.env['AWS_SECRET_ACCESS_KEY'] = known
  }
  expect(await holdfast('repo', 'show', '--repo', 's3://UPPER/x')).toMatchObject(refusal('usage', /name of a bucket/))
  expect(await holdfast('repo', 'show', '--repo', repo, '--object-lock', 'compliance')).toMatchObject(
    refusal('usage', /for how long/),
  )
})
