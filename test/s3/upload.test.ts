import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { UploadPlan } from '../../src/artifact/uploadPlan.ts'
import { bucketWords, contentOf, headOf, keysIn } from '../support/bucketWords.ts'
import { refusal, resultOf, startHoldfast } from '../support/holdfast.ts'
import { kmsKeyId, type S3Server, startVersitygw } from '../support/s3Servers.ts'
import { sha256, small, uploading } from '../support/uploading.ts'

const at = uploading({ tls: true, versioned: true })
let versitygw: S3Server

beforeAll(async () => {
  versitygw = await startVersitygw(at.folder)
})
afterAll(async () => versitygw[Symbol.asyncDispose]())

test('[artifact.upload] a file arrives encrypted, with its facts in the metadata and beside it, and what was verified is told', async () => {
  const facts = ['--db-name', 'sales', '--software-version', '5.26.30', '--commit', 'abcdef0123']
  const uploaded = resultOf(await at.upload('--prefix', '/neo4j/prod/', ...facts))
  const key = 'neo4j/prod/neo4j-2026.dump'
  expect(uploaded).toMatchObject({
    status: 'uploaded',
    uri: `s3://${at.bucket}/${key}`,
    key,
    metaKey: `${key}.meta.json`,
    sha256: sha256(small),
    size: small.length,
    replaced: false,
    verified: {
      size: small.length,
      sha256: sha256(small),
      encryption: 'AES256',
      checksumCovers: 'the whole object',
      etag: expect.any(String),
    },
    meta: 'written',
    removed: [],
  })
  const head = await headOf(at.minio, at.bucket, key)
  expect(head).toMatchObject({ ServerSideEncryption: 'AES256', ContentLength: small.length })
  expect(head.Metadata).toMatchObject({
    sha256: sha256(small),
    size: String(small.length),
    'created-by': expect.stringMatching(/^holdfast \d/) as string,
    'commit-sha': 'abcdef0123',
    'db-name': 'sales',
    'software-version': '5.26.30',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
  })
  expect(JSON.parse((await contentOf(at.minio, at.bucket, `${key}.meta.json`)).toString())).toMatchObject({
    bucket: at.bucket,
    key,
    sha256: sha256(small),
    size: small.length,
    commit_sha: 'abcdef0123',
    db_name: 'sales',
    software_version: '5.26.30',
  })
  expect(sha256(await contentOf(at.minio, at.bucket, key))).toBe(sha256(small))
})

test('[artifact.upload] a large file goes in parts, with a KMS key, and the checksum of the parts is verified', async () => {
  const large = randomBytes(40 * 1024 * 1024)
  writeFileSync(at.file, large)
  const uploaded = resultOf(await at.upload('--sse', 'aws:kms', '--kms-key', kmsKeyId))
  expect(uploaded).toMatchObject({ parts: 3, verified: { encryption: 'aws:kms', checksumCovers: 'the digests of 3 parts' } })
  const head = await headOf(at.minio, at.bucket, uploaded.key)
  expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: expect.stringContaining(kmsKeyId) as string })
  expect(head.ChecksumSHA256).toMatch(/-3$/)
  expect(head.ETag).not.toContain(sha256(large))
  expect(sha256(await contentOf(at.minio, at.bucket, uploaded.key))).toBe(sha256(large))
})

test('[artifact.upload] the same content is skipped, and a lost or wrong .meta.json made good', async () => {
  const first = resultOf(await at.upload())
  const again = resultOf(await at.upload())
  expect(again).toMatchObject({ status: 'skipped', versionId: first.versionId, meta: 'kept', facts: first.facts })
  const meta = { Bucket: at.bucket, Key: first.metaKey }
  await at.minio.client.send(new DeleteObjectCommand(meta))
  expect(resultOf(await at.upload())).toMatchObject({ status: 'skipped', meta: 'repaired' })
  await at.minio.client.send(new PutObjectCommand({ ...meta, Body: '{"sha256":"of something else"}' }))
  expect(resultOf(await at.upload())).toMatchObject({ status: 'skipped', meta: 'repaired' })
  expect(JSON.parse((await contentOf(at.minio, at.bucket, first.metaKey)).toString())).toMatchObject({ ...first.facts })
})

test('[artifact.upload] another content of the same key is refused, and replaced only by force', async () => {
  resultOf(await at.upload())
  const other = randomBytes(small.length)
  writeFileSync(at.file, other)
  expect(await at.upload()).toMatchObject(refusal('refused', /is there already: expected SHA-256/))
  expect(sha256(await contentOf(at.minio, at.bucket, 'neo4j-2026.dump'))).toBe(sha256(small))
  expect(resultOf(await at.upload('--force'))).toMatchObject({ status: 'uploaded', replaced: true, meta: 'written' })
  expect(sha256(await contentOf(at.minio, at.bucket, 'neo4j-2026.dump'))).toBe(sha256(other))
})

test('[artifact.upload] what somebody else keeps where the note of a new upload would be is replaced only by force', async () => {
  const theirs = { Bucket: at.bucket, Key: 'neo4j-2026.dump.meta.json', Body: '{"of": "somebody else"}' }
  await at.minio.client.send(new PutObjectCommand(theirs))
  expect(await at.upload()).toMatchObject(refusal('refused', /neo4j-2026\.dump\.meta\.json is not what an upload writes/))
  expect((await contentOf(at.minio, at.bucket, theirs.Key)).toString()).toBe(theirs.Body)
  expect(await keysIn(at.minio, at.bucket)).toEqual([theirs.Key])
  expect(resultOf(await at.upload('--force'))).toMatchObject({ status: 'uploaded', meta: 'written' })
})

test('[artifact.upload] the same content without the encryption that is asked for is no reason to skip', async () => {
  resultOf(await at.upload('--sse', 'none'))
  const words = ['--sse', 'aws:kms', '--kms-key', kmsKeyId]
  expect(await at.upload(...words)).toMatchObject(refusal('refused', /expected encryption aws:kms, found none/))
  expect(resultOf(await at.upload(...words, '--force'))).toMatchObject({
    status: 'uploaded',
    verified: { encryption: 'aws:kms' },
  })
})

test('[artifact.upload] compressed on its way, it is the same file again when it is unpacked, and skipped the next time', async () => {
  const text = Buffer.from('a graph database '.repeat(300_000))
  writeFileSync(at.file, text)
  const uploaded = resultOf(await at.upload('--compress'))
  expect(uploaded).toMatchObject({ key: 'neo4j-2026.dump.gz', facts: { source_sha256: sha256(text), source_size: text.length } })
  const stored = await contentOf(at.minio, at.bucket, uploaded.key)
  expect(sha256(stored)).toBe(uploaded.sha256)
  expect(gunzipSync(stored).equals(text)).toBe(true)
  expect(resultOf(await at.upload('--compress'))).toMatchObject({ status: 'skipped' })

  const gz = join(at.folder, 'other.backup.gz')
  writeFileSync(gz, gzipSync(text))
  expect(resultOf(await at.upload('--file', gz, '--compress'))).toMatchObject({
    key: 'other.backup.gz',
    sha256: sha256(readFileSync(gz)),
  })
})

test('[artifact.upload] a dry run needs no credentials and asks nothing of anybody', async () => {
  const without = [
    'env',
    '-u',
    'AWS_ACCESS_KEY_ID',
    '-u',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_EC2_METADATA_DISABLED=true',
    'HOME=/nonexistent',
  ]
  // Nobody listens there.
  const words = ['s3', 'upload', '--file', at.file, '--bucket', 'some-bucket', '--endpoint', 'http://127.0.0.1:1']
  const planned = await startHoldfast([...words, '--dry-run'], { inside: without }).outcome
  const plan: Partial<UploadPlan> = { key: 'neo4j-2026.dump', sha256: sha256(small), encryption: { algorithm: 'AES256' } }
  expect(planned, planned.story).toMatchObject({ exitCode: 0, result: { status: 'planned', ...plan } })
  const real = await startHoldfast(words, { inside: without }).outcome
  expect(real, real.story).toMatchObject(refusal('repository', /no credentials were found/))
})

test('[artifact.upload] a server that ignores encryption is refused, and nothing stays there', async () => {
  const there = await versitygw.newBucket(`artifact-${randomUUID()}`)
  const words = bucketWords(versitygw, there)
  expect(await at.uploadTo(...words)).toMatchObject(refusal('refused', /does not encrypt/))
  writeFileSync(at.file, randomBytes(20 * 1024 * 1024))
  expect(await at.uploadTo(...words, '--prune-local')).toMatchObject(refusal('refused', /does not encrypt/))
  expect(await keysIn(versitygw, there)).toEqual([])
  expect(resultOf(await at.uploadTo(...words, '--sse', 'none'))).toMatchObject({ status: 'uploaded', parts: 2 })
})

test('[artifact.upload] each step and the end are lines of JSON in a file that is asked for', async () => {
  const log = join(at.folder, 'steps.jsonl')
  resultOf(await at.upload('--log-file', log))
  writeFileSync(at.file, 'other')
  await at.upload('--log-file', log)
  const lines = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { step: string; code?: string })
  expect(lines.map(({ step }) => step)).toEqual(['planned', 'upload', 'verified', 'meta', 'result', 'planned', 'failed'])
  expect(lines.at(-1)).toMatchObject({ level: 'error', code: 'refused' })
})

test('names that make bad keys, and what is no file, are refused', async () => {
  const odd = join(at.folder, 'naïve dump.dump')
  writeFileSync(odd, small)
  expect(await at.upload('--file', odd)).toMatchObject(refusal('usage', /makes a bad key/))
  expect(await at.upload('--file', at.folder)).toMatchObject(refusal('usage', /no regular file/))
  expect(await at.upload('--file', join(at.folder, 'missing'))).toMatchObject(refusal('usage', /no such file/))
  expect(await at.upload('--db-name', '../up')).toMatchObject(refusal('usage', /--db-name: expected a letter first/))
  writeFileSync(at.file, '')
  expect(await at.upload()).toMatchObject(refusal('usage', /is empty/))
})
