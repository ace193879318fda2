import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, renameSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Uploaded } from '../../src/artifact/upload.ts'
import { exitCodes } from '../../src/core/errors.ts'
import { bucketWords, keysIn } from '../support/bucketWords.ts'
import { type Answer, FaultProxy } from '../support/faultProxy.ts'
import { holdfast, type Outcome, refusal, resultOf } from '../support/holdfast.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'

let folder: string
let minio: S3Server
let bucket: string
let file: string
const small = randomBytes(300_000)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-upload-'))
  // Without TLS, so that a proxy can stand in front of it.
  minio = await startMinio(folder)
})
afterAll(async () => {
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  bucket = await minio.newBucket(`artifact-${randomUUID()}`)
  file = join(folder, 'neo4j-2026.dump')
  await rm(`${file}.meta`, { force: true })
  writeFileSync(file, small)
})

async function upload(...words: string[]): Promise<Outcome<Uploaded>> {
  return uploadTo(...bucketWords(minio, bucket), ...words)
}

async function uploadTo(...words: string[]): Promise<Outcome<Uploaded>> {
  return holdfast<Uploaded>('s3', 'upload', '--file', file, ...words)
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

test('[artifact.prune] the file goes when it is verified in the bucket, and the .meta of its export with it', async () => {
  const meta = {
    sha256: sha256(small),
    size: small.length,
    database: 'sales',
    neo4j: '5.26.30',
    backup: 'b1',
    transaction: { id: 42 },
  }
  writeFileSync(`${file}.meta`, JSON.stringify(meta))
  const uploaded = resultOf(await upload('--prune-local'))
  expect(uploaded).toMatchObject({
    removed: [file, `${file}.meta`],
    facts: { db_name: 'sales', software_version: '5.26.30', transaction_id: '42', backup: 'b1' },
  })
  expect([file, `${file}.meta`].map((path) => existsSync(path))).toEqual([false, false])

  writeFileSync(file, small)
  expect(resultOf(await upload('--prune-local'))).toMatchObject({ status: 'skipped', removed: [file] })
})

test('[artifact.prune] nothing is removed where anything else happens', async () => {
  expect(resultOf(await upload('--prune-local', '--dry-run'))).toMatchObject({ status: 'planned' })
  const link = join(folder, 'link.dump')
  symlinkSync(file, link)
  expect(await upload('--file', link, '--prune-local')).toMatchObject(refusal('usage', /is a symbolic link/))
  writeFileSync(`${file}.meta`, JSON.stringify({ sha256: '0'.repeat(64), size: 1, database: 'neo4j', neo4j: '5.26.30' }))
  expect(await upload('--prune-local')).toMatchObject(refusal('integrity', /is not what .*\.meta says/))
  await rm(`${file}.meta`)
  expect(await keysIn(minio, bucket)).toEqual([])
  const missing = randomUUID()
  expect(await upload('--prune-local', '--bucket', missing)).toMatchObject(refusal('repository', /no such bucket/))
  resultOf(await upload())
  writeFileSync(file, randomBytes(10))
  expect(await upload('--prune-local')).toMatchObject({ exitCode: exitCodes.refused })
  expect([file, link].map((path) => existsSync(path))).toEqual([true, true])
})

test('[artifact.upload] a file that changes during the upload is noticed, and nothing of it is stored', async () => {
  await using proxy = await FaultProxy.start(minio.options.endpoint!)
  const content = randomBytes(40 * 1024 * 1024)
  const words = ['--bucket', bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1']
  const { mtime } = statSync(file)
  const changes: [string, () => void][] = [
    ['grows', () => writeFileSync(file, 'more', { flag: 'a' })],
    ['is cut', () => truncateSync(file, content.length - 1000)],
    ['is replaced', () => replace(file, content)],
    // Of the same size, and with the time of before.
    ['is overwritten in place', () => overwriteEnd(file, mtime)],
  ]
  for (const [what, change] of changes) {
    writeFileSync(file, content)
    utimesSync(file, mtime, mtime)
    // The upload in parts has begun, the end of the file is not read yet.
    proxy.fault = ({ method, url }) => {
      if (method === 'POST' && url.includes('uploads')) change()
      return undefined
    }
    const outcome = await uploadTo(...words, '--prune-local')
    expect(outcome, `${what}: ${outcome.story}`).toMatchObject(refusal('integrity', /changed while it was read/))
    expect(await keysIn(minio, bucket), what).toEqual([])
    expect(existsSync(file)).toBe(true)
  }
})

test('[artifact.upload] what the server says it stored otherwise is told as that, and not as a change of the file', async () => {
  await using proxy = await FaultProxy.start(minio.options.endpoint!)
  const change = ({ headers }: Answer): void => void (headers['x-amz-checksum-sha256'] = Buffer.alloc(32).toString('base64'))
  proxy.fault = ({ method, url }) => (method === 'PUT' && url.includes('.dump?') ? { change } : undefined)
  const outcome = await uploadTo('--bucket', bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local')
  expect(outcome).toMatchObject(refusal('integrity', /the server stored .* with SHA-256 A+=, expected .*; it was removed again$/))
  expect(outcome.error?.hint).not.toContain('nothing was stored')
  expect(await keysIn(minio, bucket)).toEqual([])
  expect(existsSync(file)).toBe(true)
})

test('[artifact.upload] an object that is lost or replaced before it is verified is told of, and the file is kept', async () => {
  await using proxy = await FaultProxy.start(minio.options.endpoint!)
  const words = ['--bucket', bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  const target = { Bucket: bucket, Key: 'neo4j-2026.dump' }
  const faults: [() => Promise<unknown>, RegExp][] = [
    [async () => minio.client.send(new DeleteObjectCommand(target)), /is not what was uploaded: it is not there/],
    [async () => minio.client.send(new PutObjectCommand({ ...target, Body: 'else' })), /expected 300000 bytes, found 4/],
  ]
  for (const [meanwhile, message] of faults) {
    let heads = 0
    proxy.fault = ({ method }) => (method === 'HEAD' && ++heads === 2 ? meanwhile() : undefined)
    expect(await uploadTo(...words)).toMatchObject(refusal('integrity', message))
    expect(existsSync(file)).toBe(true)
    await minio.client.send(new DeleteObjectCommand(target))
  }
})

test('[artifact.prune] a file that changes when it is verified already is kept, and so is one whose server tells no checksum', async () => {
  await using proxy = await FaultProxy.start(minio.options.endpoint!)
  const words = ['--bucket', bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  proxy.fault = ({ method, url }) => {
    if (method === 'PUT' && url.includes('.meta.json')) writeFileSync(file, 'new content')
    return undefined
  }
  expect(await uploadTo(...words)).toMatchObject(
    refusal('refused', /is not removed, though .* is uploaded: expected 300000 bytes/),
  )
  expect(readFileSync(file, 'utf8')).toBe('new content')

  // Put there by another program, which had no checksum computed.
  const Metadata = {
    sha256: sha256(small),
    size: '300000',
    'created-by': 'me',
    'db-name': 'neo4j',
    timestamp: new Date().toISOString(),
  }
  const encrypted = { ServerSideEncryption: 'AES256' } as const
  await minio.client.send(new PutObjectCommand({ Bucket: bucket, Key: 'neo4j-2026.dump', Body: small, Metadata, ...encrypted }))
  writeFileSync(file, small)
  expect(await uploadTo(...words)).toMatchObject(refusal('refused', /the server tells no checksum/))
  expect(existsSync(file)).toBe(true)
})

function replace(path: string, content: Buffer): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

function overwriteEnd(path: string, mtime: Date): void {
  const bytes = readFileSync(path)
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(path, bytes, { flag: 'r+' })
  utimesSync(path, mtime, mtime)
}
