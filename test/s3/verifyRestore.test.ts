import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Uploaded } from '../../src/artifact/upload.ts'
import type { VerifyReport } from '../../src/artifact/verifyRestore.ts'
import { exitCodes } from '../../src/core/errors.ts'
import { dump } from '../../src/neo4j/admin.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import type { Exported } from '../../src/recovery/exportBackup.ts'
import { bucketWords, contentOf, headOf } from '../support/bucketWords.ts'
import { atEntry } from '../support/faultsMoment.ts'
import { FaultProxy } from '../support/faultProxy.ts'
import { holdfast, type Outcome, refusal, resultOf, startHoldfast, succeed } from '../support/holdfast.ts'
import { installed, startIn } from '../support/neo4j.ts'
import { kmsKeyId, type S3Server, startMinio } from '../support/s3Servers.ts'
import { makeGraph } from '../support/variedGraph.ts'

const { lts, latest } = namedVersions

let folder: string
let minio: S3Server
let bucket: string
/** A dump that Holdfast did not make. */
let plainDump: string
/** Where temporary folders are made, and must be gone again. */
let workDir: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-verify-'))
  workDir = join(folder, 'work')
  await mkdir(workDir)
  minio = await startMinio(folder)
  bucket = await minio.newBucket(`artifact-${randomUUID()}`)
  plainDump = await dumpOf(lts)
})
afterAll(async () => {
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function dumpOf(version: string): Promise<string> {
  const own = join(folder, version)
  {
    await using server = await startIn(own, version)
    await using graph = await server.connect()
    await makeGraph(graph)
  }
  const made = await dump(await installed(version), { home: join(own, 'admin'), dataDir: join(own, 'data') }, 'neo4j', own)
  const path = join(folder, 'plain.dump')
  await copyFile(made, path)
  return path
}

async function upload(file: string, ...words: string[]): Promise<Uploaded> {
  return succeed<Uploaded>('s3', 'upload', '--file', file, ...bucketWords(minio, bucket), ...words)
}

function verifyWords(...words: string[]): string[] {
  return ['s3', 'verify-restore', '--work-dir', workDir, ...words]
}

async function verify(...words: string[]): Promise<Outcome<VerifyReport>> {
  const outcome = await holdfast<VerifyReport>(...verifyWords(...words))
  expect(readdirSync(workDir), outcome.story).toEqual([])
  return outcome
}

async function verifyKey(key: string, ...words: string[]): Promise<Outcome<VerifyReport>> {
  return verify(...bucketWords(minio, bucket), '--key', key, ...words)
}

/** A verification that ends with a verdict, bad, because of one check. */
function bad(check: string, detail: RegExp): object {
  const failed = { name: check, passed: false, detail: expect.stringMatching(detail) as string }
  return { exitCode: exitCodes.validation, result: { verdict: 'bad', checks: expect.arrayContaining([failed]) as object[] } }
}

async function uploadedAs(name: string, content: Buffer): Promise<string> {
  const path = join(folder, name)
  writeFileSync(path, content)
  return (await upload(path)).key
}

describe('a dump in a bucket', () => {
  test(`[artifact.verify] is good when it is exported, uploaded and loaded again, on the Neo4j ${latest} that it is of`, async () => {
    const own = join(folder, 'chain')
    const repo = join(own, 'repo')
    await succeed('repo', 'init', '--repo', repo)
    {
      await using server = await startIn(own, latest)
      await using graph = await server.connect()
      await makeGraph(graph)
      await succeed('backup', 'create', '--data-dir', server.dataDir, '--repo', repo, '--uri', server.boltUri)
    }
    const { artifact } = await succeed<Exported>(
      'backup',
      'export',
      'latest',
      '--repo',
      repo,
      '--to-dir',
      own,
      '--format',
      'backup.gz',
    )
    const kms = ['--sse', 'aws:kms', '--kms-key', kmsKeyId]
    const { uri, sha256 } = await upload(artifact, '--prefix', 'chain', '--prune-local', ...kms)
    const log = join(own, 'verify.jsonl')
    const reach = bucketWords(minio, bucket).slice(2)
    const query = ['--query', 'MATCH (p:Person)-[:VISITED]->(:City) RETURN count(p)', '--expect', '450']
    const outcome = await verify('--s3-uri', uri, ...reach, ...query, '--log-file', log)
    expect(outcome, outcome.story).toMatchObject({
      exitCode: 0,
      result: {
        verdict: 'good',
        source: uri,
        sha256,
        confirmedBy: ['the metadata of the object'],
        loaded: true,
        database: 'neo4j',
        neo4j: latest,
        smoke: { asExpected: true, found: { 'count(p)': 450 } },
      },
    })
    expect(outcome.result.checks.map(({ name, passed }) => [name, passed])).toEqual([
      ['load', true],
      ['neo4j-admin database check', true],
      ['start', true],
      ['query', true],
    ])
    const lines = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: string })
    expect(lines.map(({ step }) => step)).toEqual([
      'begin',
      'checksum',
      'neo4j',
      'load',
      'neo4j-admin database check',
      'start',
      'query',
      'result',
    ])
  })

  test('[artifact.verify] of another program, gzipped on its way, is counted; a wrong expectation is bad, a wrong query is no verdict', async () => {
    const { key } = await upload(plainDump, '--compress', '--db-name', 'sales')
    expect(key).toBe('plain.dump.gz')
    const wrong = await verifyKey(key, '--query', 'MATCH (n) RETURN count(n)', '--expect', '471')
    expect(wrong, wrong.story).toMatchObject(bad('query', /expected 471, found 470/))
    expect(wrong.result).toMatchObject({ database: 'sales', neo4j: lts })
    const counted = await verifyKey(key, '--db', 'another')
    expect(counted, counted.story).toMatchObject({
      exitCode: 0,
      result: { verdict: 'good', database: 'another', smoke: { found: { nodes: 470, relationships: 450 } } },
    })
    for (const query of ['MATCH (n RETURN n', 'MATCH (n) DETACH DELETE n RETURN 1'])
      expect(await verifyKey(key, '--query', query)).toMatchObject(refusal('usage', /does not take the query/))
    expect(await verifyKey(key, '--query', 'MATCH (n) RETURN 1 / (count(n) - 470)')).toMatchObject(bad('query', /by zero/))
  })

  test('[artifact.verify] that was cut or changed before its upload is bad', async () => {
    const whole = readFileSync(plainDump)
    const cut = await uploadedAs('cut.dump', whole.subarray(0, whole.length >> 1))
    expect(await verifyKey(cut)).toMatchObject(bad('load', /Truncated/))
    const flipped = Buffer.from(whole)
    flipped[flipped.length >> 1]! ^= 1
    expect(await verifyKey(await uploadedAs('flipped.dump', flipped))).toMatchObject(bad('load', /Not a valid Neo4j archive/))
    expect(await verifyKey(await uploadedAs('junk.backup', Buffer.from('no dump')))).toMatchObject(
      bad('load', /name another with --neo4j-version/),
    )
    const gz = gzipSync(whole)
    const cutGz = await uploadedAs('cut.backup.gz', gz.subarray(0, gz.length >> 1))
    expect(await verifyKey(cutGz)).toMatchObject(bad('decompress', /gzipped, and damaged/))
  })

  test('[artifact.verify] with another checksum than it should have is refused, and a lost one told of', async () => {
    const { key } = await upload(plainDump, '--prefix', 'checksums')
    const good = await verifyKey(key, '--skip-load', '--sha256', (await headOf(minio, bucket, key)).Metadata!['sha256']!)
    expect(good).toMatchObject({
      exitCode: 0,
      result: { verdict: 'checksum-only', loaded: false, checks: [], confirmedBy: ['--sha256', 'the metadata of the object'] },
    })
    expect(await verifyKey(key, '--sha256', '0'.repeat(64))).toMatchObject(refusal('integrity', /as --sha256 says/))

    const { Metadata } = await headOf(minio, bucket, key)
    const content = await contentOf(minio, bucket, key)
    content[100]! ^= 1
    await minio.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content, ...(Metadata ? { Metadata } : {}) }))
    expect(await verifyKey(key)).toMatchObject(refusal('integrity', /as the metadata of the object says/))
    // Without metadata, the object beside it tells.
    await minio.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }))
    expect(await verifyKey(key)).toMatchObject(refusal('integrity', /meta\.json says/))

    expect(await verifyKey('checksums/lost.dump')).toMatchObject(refusal('repository', /there is no object/))
    await minio.client.send(new PutObjectCommand({ Bucket: bucket, Key: 'bare.dump', Body: content }))
    expect(await verifyKey('bare.dump', '--skip-load')).toMatchObject(refusal('usage', /nothing tells which SHA-256/))
  })

  test('[artifact.verify] is downloaded on where the connection broke', async () => {
    const { key } = await upload(plainDump, '--prefix', 'resume')
    await using proxy = await FaultProxy.start(minio.options.endpoint!)
    const { length } = proxy.seen
    proxy.next(3, ({ method, url }) => method === 'GET' && url.includes('plain.dump'), 'cut reply')
    const words = ['--bucket', bucket, '--key', key, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--skip-load']
    expect(resultOf(await verify(...words))).toMatchObject({ verdict: 'checksum-only' })
    expect(proxy.seen.slice(length).filter(({ method }) => method === 'GET')).toHaveLength(4)
  })
})

test('[artifact.verify] a signal ends it, its Neo4j with it, and nothing stays', async () => {
  const { key } = await upload(plainDump, '--prefix', 'signal')
  const log = join(folder, 'signal.jsonl')
  for (const step of ['neo4j', 'start']) {
    const own = await mkdtemp(join(folder, 'signal-'))
    writeFileSync(log, '')
    const words = ['--work-dir', own, '--log-file', log, '--query', 'UNWIND range(1, 1000000000) AS i RETURN sum(i * i)']
    const run = startHoldfast(verifyWords(...bucketWords(minio, bucket), '--key', key, ...words))
    let sent = false
    using _ = atEntry(folder, basename(log), () => {
      if (sent || !readFileSync(log, 'utf8').includes(`"step":"${step}"`)) return
      sent = process.kill(run.pid, 'SIGTERM')
    })
    const outcome = await run.outcome
    expect(sent).toBe(true)
    expect(outcome, outcome.story).toMatchObject({ exitCode: exitCodes.interrupted, error: { code: 'interrupted' } })
    expect(readdirSync(own)).toEqual([])
    expect(runningIn(own)).toEqual([])
    expect(readFileSync(log, 'utf8').trimEnd().split('\n').at(-1)).toContain('"code":"interrupted"')
  }
})

test('[artifact.verify] a local file is verified with what lies beside it, and a dry run only tells', async () => {
  const own = join(folder, 'local')
  await mkdir(own)
  const path = join(own, 'neo4j.dump')
  await copyFile(plainDump, path)
  expect(await verify('--file', path, '--dry-run')).toMatchObject({ exitCode: 0, result: { verdict: 'planned' } })
  const report = resultOf(await verify('--file', path))
  expect(report).toMatchObject({ verdict: 'good', confirmedBy: [], neo4j: lts })
  expect(readdirSync(own)).toEqual(['neo4j.dump'])

  const meta = { sha256: report.sha256, size: report.size, database: 'neo4j', neo4j: latest }
  writeFileSync(`${path}.meta`, JSON.stringify(meta))
  expect(resultOf(await verify('--file', path, '--skip-load'))).toMatchObject({ confirmedBy: [`${path}.meta`] })
  expect(await verify('--file', path, '--neo4j-version', lts)).toMatchObject(refusal('refused', /which is older/))
  writeFileSync(`${path}.meta`, JSON.stringify({ ...meta, sha256: '0'.repeat(64) }))
  expect(await verify('--file', path)).toMatchObject(refusal('integrity', /neo4j\.dump\.meta says/))
})

test('what contradicts itself is refused before anything is done', async () => {
  const refused: [string[], RegExp][] = [
    [[], /expected one file or object to verify, found none/],
    [['--file', 'a', '--s3-uri', 's3://bucket/key'], /expected one file or object/],
    [['--key', 'a'], /without a bucket/],
    [['--s3-uri', 's3://bucket/'], /expected s3:\/\/bucket\/key/],
    [['--s3-uri', 's3://bucket/a.dump.meta.json'], /tells about an object/],
    [['--file', 'a', '--expect', '1'], /without --query/],
    [['--file', 'a', '--skip-load', '--query', 'RETURN 1'], /with --skip-load/],
    [['--file', 'a', '--db', '../up'], /--db: expected a letter first/],
  ]
  for (const [words, message] of refused) expect(await verify(...words)).toMatchObject(refusal('usage', message))
})

/** The command lines of processes that name a folder. */
function runningIn(path: string): string[] {
  const lines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      } catch {
        return ''
      }
    })
  return lines.filter((line) => line.includes(path))
}
