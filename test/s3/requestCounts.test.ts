import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Manifest } from '../../src/repository/manifest.ts'
import type { Seen } from '../support/faultProxy.ts'
import { holdfast, type Outcome, resultOf } from '../support/holdfast.ts'
import { proxiedMinio } from '../support/proxiedMinio.ts'
import { writeStore } from '../support/servingArchive.ts'
import { SyntheticLog } from '../support/syntheticLog.ts'

type Counts = Record<string, number>

const at = proxiedMinio({ versioned: true, attempts: 5 })
let folder: string
let log: SyntheticLog
let repo: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-request-counts-'))
  log = SyntheticLog.create(join(folder, 'data')).write(3).checkpoint()
  writeStore(log)
})
afterAll(async () => rm(folder, { recursive: true, force: true }))
beforeEach(() => {
  at.minio.use({ HOLDFAST_ENDPOINT: at.proxy.endpoint })
  repo = `s3://${at.bucket}/graphs`
})

/** Operations by what Amazon's reference says a request for them is: the parameter that it has, by its method. */
const operations: Record<string, Record<string, string>> = {
  PUT: { partNumber: 'UploadPart', lifecycle: 'PutBucketLifecycleConfiguration', '': 'PutObject' },
  POST: { uploads: 'CreateMultipartUpload', uploadId: 'CompleteMultipartUpload' },
  DELETE: { uploadId: 'AbortMultipartUpload', '': 'DeleteObject' },
  HEAD: { '': 'HeadObject' },
  GET: {
    'list-type': 'ListObjectsV2',
    versions: 'ListObjectVersions',
    versioning: 'GetBucketVersioning',
    'object-lock': 'GetObjectLockConfiguration',
    encryption: 'GetBucketEncryption',
    lifecycle: 'GetBucketLifecycleConfiguration',
    '': 'GetObject',
  },
}

function operationOf({ method, url }: Seen): string {
  const { searchParams } = new URL(url, 'http://localhost')
  const found = Object.entries(operations[method] ?? {}).find(([name]) => name === '' || searchParams.has(name))
  return found?.[1] ?? `${method} ${url}`
}

/** What came to the bucket since that was asked last. */
function arrived(): Counts {
  const counts: Counts = {}
  for (const seen of at.proxy.seen.splice(0)) counts[operationOf(seen)] = (counts[operationOf(seen)] ?? 0) + 1
  return counts
}

/** What a command says at its end. */
function told({ story }: Outcome): Counts | undefined {
  const line = story.split('\n').find((text) => text.includes('"msg":"sent to the bucket"'))
  return line === undefined ? undefined : (JSON.parse(line) as { requests: Counts }).requests
}

/** Runs a command, which must tell of each operation what has arrived. */
async function counted<Result>(...words: string[]): Promise<{ result: Result; counts: Counts }> {
  const outcome = await holdfast<Result>(...words, '--log-level', 'info')
  const result = resultOf(outcome)
  const counts = arrived()
  expect(told(outcome)).toEqual(counts)
  return { result, counts }
}

test('the requests that a command tells at its end are those that arrive, by operation', async () => {
  const at = ['--repo', repo]
  const made = await counted('repo', 'init', ...at)
  expect(made.counts).toMatchObject({ PutObject: expect.any(Number), CreateMultipartUpload: 2, DeleteObject: expect.any(Number) })
  const create = ['backup', 'create', '--offline', '--data-dir', log.dataDir, ...at]
  const { result } = await counted<Manifest>(...create)
  await counted(...create)
  await counted('backup', 'validate', ...at)
  await counted('archive', 'status', ...at)
  const gone = await counted('backup', 'delete', result.id, '--confirm', ...at)
  expect(gone.counts['DeleteObject']).toBeGreaterThan(0)
})

test('so are those of an attempt that failed', async () => {
  at.proxy.next(2, ({ method }) => method === 'PUT', { status: 503, code: 'SlowDown' })
  const { counts } = await counted('repo', 'init', '--repo', repo)
  at.proxy.next(1, ({ method }) => method === 'GET', 'cut')
  const once = await counted('repo', 'show', '--repo', repo)
  const untroubled = await counted('repo', 'show', '--repo', repo)
  expect(once.counts).toEqual({ ...untroubled.counts, GetObject: (untroubled.counts['GetObject'] ?? 0) + 1 })
  expect(counts['PutObject']).toBeGreaterThan(2)
})

test('doctor has them in its result, too', async () => {
  const { result, counts } = await counted<{ requests: Counts }>('doctor', '--repo', repo)
  expect(result.requests).toEqual(counts)
})

test('so do commands that use a bucket without a repository', async () => {
  const file = join(folder, 'neo4j.dump')
  writeFileSync(file, randomBytes(20 << 20))
  const place = ['--bucket', at.bucket, '--prefix', 'exports']
  const sent = await counted('s3', 'upload', '--file', file, ...place)
  expect(sent.counts).toMatchObject({ CreateMultipartUpload: 1, CompleteMultipartUpload: 1 })
  expect(sent.counts['UploadPart']).toBeGreaterThan(1)
  await counted('s3', 'lifecycle', '--days', '30', '--apply', '--confirm', ...place)
})

test('who sends nothing tells nothing', async () => {
  const directory = join(folder, 'repo')
  const outcome = await holdfast('repo', 'init', '--repo', directory, '--log-level', 'info')
  expect(outcome).toMatchObject({ exitCode: 0 })
  expect(told(outcome)).toBeUndefined()
  expect(arrived()).toEqual({})
})
