import { existsSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { randomBytes, randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type LifecycleRule, PutBucketLifecycleConfigurationCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, test, vi } from 'vitest'
import { exitCodes } from '../../src/core/errors.ts'
import { keysIn } from '../support/bucketWords.ts'
import { type Answer, FaultProxy, type Seen } from '../support/faultProxy.ts'
import { refusal, resultOf } from '../support/holdfast.ts'
import { overwriteEnd, sha256, small, uploading, writeMeta } from '../support/uploading.ts'

// Without TLS, so that a proxy can stand in front of it.
const at = uploading({ tls: false, versioned: false })

test('[artifact.prune] the file goes when it is verified in the bucket, and the .meta of its export with it', async () => {
  writeMeta(at.file, small)
  const uploaded = resultOf(await at.upload('--prune-local'))
  expect(uploaded).toMatchObject({
    removed: [at.file, `${at.file}.meta`],
    facts: { db_name: 'sales', software_version: '5.26.30', transaction_id: '42', backup: 'b1' },
  })
  expect([at.file, `${at.file}.meta`].map((path) => existsSync(path))).toEqual([false, false])

  writeFileSync(at.file, small)
  expect(resultOf(await at.upload('--prune-local'))).toMatchObject({ status: 'skipped', removed: [at.file] })
})

test('[artifact.prune] nothing is removed where anything else happens', async () => {
  expect(resultOf(await at.upload('--prune-local', '--dry-run'))).toMatchObject({ status: 'planned' })
  const link = join(at.folder, 'link.dump')
  symlinkSync(at.file, link)
  expect(await at.upload('--file', link, '--prune-local')).toMatchObject(refusal('usage', /is a symbolic link/))
  writeFileSync(`${at.file}.meta`, JSON.stringify({ sha256: '0'.repeat(64), size: 1, database: 'neo4j', neo4j: '5.26.30' }))
  expect(await at.upload('--prune-local')).toMatchObject(refusal('integrity', /is not what .*\.meta says/))
  writeFileSync(`${at.file}.meta`, `{"sha256": "${sha256(small)}", "size": 300000, "data`)
  expect(await at.upload('--prune-local')).toMatchObject(refusal('integrity', /\.meta is cut or changed/))
  await rm(`${at.file}.meta`)
  expect(await keysIn(at.minio, at.bucket)).toEqual([])
  const missing = randomUUID()
  expect(await at.upload('--prune-local', '--bucket', missing)).toMatchObject(refusal('repository', /no such bucket/))
  resultOf(await at.upload())
  writeFileSync(at.file, randomBytes(10))
  expect(await at.upload('--prune-local')).toMatchObject({ exitCode: exitCodes.refused })
  expect([at.file, link].map((path) => existsSync(path))).toEqual([true, true])
})

test('[artifact.prune] a file that cannot be removed afterwards is refused before anything is asked or written', async () => {
  resultOf(await at.upload())
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const link = join(at.folder, 'another.dump')
  symlinkSync(at.file, link)
  const words = ['--file', link, '--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1']
  for (const more of [['--force'], ['--dry-run']])
    expect(await at.uploadTo(...words, '--prune-local', ...more)).toMatchObject(refusal('usage', /is a symbolic link/))
  expect(proxy.seen).toEqual([])
})

test('[artifact.prune] a file is kept where a rule of the bucket removes the object within a day', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  resultOf(await at.upload())
  const hour = 3_600_000
  const expiring = (milliseconds: number): string => {
    const moment = new Date(Math.floor((Date.now() + milliseconds) / 1000) * 1000)
    const change = ({ headers }: Answer): void =>
      void (headers['x-amz-expiration'] = `expiry-date="${moment.toUTCString()}", rule-id="exports"`)
    proxy.fault = ({ method, url }) => (method === 'HEAD' && url.includes('neo4j-2026.dump') ? { change } : undefined)
    return moment.toISOString()
  }
  expiring(20 * hour)
  expect(await at.uploadTo(...words)).toMatchObject(
    refusal('refused', /is not removed, though .*: a rule of the bucket removes it/),
  )
  expect(existsSync(at.file)).toBe(true)
  proxy.fault = ({ method, url }) =>
    method === 'HEAD' && url.includes('neo4j-2026.dump')
      ? { change: ({ headers }: Answer) => void (headers['x-amz-expiration'] = 'expiry-date="soon", rule-id="exports"') }
      : undefined
  expect(await at.uploadTo(...words)).toMatchObject(
    refusal('refused', /a rule of the bucket may remove it, and nobody can tell when: the server tells of an end/),
  )
  expect(existsSync(at.file)).toBe(true)
  const told = await at.uploadTo(...words.filter((word) => word !== '--prune-local'))
  expect(resultOf(told).verified.expires).toBe('unknown')
  // By the clock of the server, which removes it by that.
  expiring(10 * hour)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 72 * hour })
  try {
    expect(await at.uploadTo(...words)).toMatchObject(refusal('refused', /a rule of the bucket removes it/))
  } finally {
    vi.useRealTimers()
  }
  expect(existsSync(at.file)).toBe(true)
  const expires = expiring(25 * hour)
  expect(resultOf(await at.uploadTo(...words))).toMatchObject({ status: 'skipped', verified: { expires }, removed: [at.file] })
})

const denied = { status: 403, code: 'AccessDenied' } as const

test.each([
  ['a role that may not read the rules of the bucket', denied, undefined],
  ['a server that does not tell of expiry in its headers', undefined, 'NotImplemented'],
])('[artifact.prune] %s keeps no file', async (_, answer, told) => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  proxy.fault = ({ method, url }) => {
    if (method === 'GET' && /[?&]lifecycle/.test(url)) return answer
    const change = ({ headers }: Answer): void => void (headers['x-amz-expiration'] = told)
    return told !== undefined && method === 'HEAD' && url.includes('neo4j-2026.dump') ? { change } : undefined
  }
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  const uploaded = resultOf(await at.uploadTo(...words))
  expect(uploaded).toMatchObject({ status: 'uploaded', removed: [at.file] })
  expect(uploaded.verified.expires).toBeUndefined()
})

test.each([
  ['neither the server nor the rules tell of expiry', denied, /neither the server nor the rules of the bucket tell/],
  ['a page answers for the rules', { status: 404, page: '<html>not here</html>' }, /cannot read the rules for/],
  ['a page refuses them', { status: 403, page: '<html>not now</html>' }, /cannot read the rules for/],
  ['the server cannot answer for the rules', { status: 503, code: 'SlowDown' }, /cannot read the rules for .* again and again/],
])('[artifact.prune] a file is kept where %s', async (_, answer, why) => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  proxy.fault = ({ method, url }) => {
    if (method === 'GET' && /[?&]lifecycle/.test(url)) return answer
    const change = ({ headers }: Answer): void => void (headers['x-amz-expiration'] = 'NotImplemented')
    return method === 'HEAD' && url.includes('neo4j-2026.dump') ? { change } : undefined
  }
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  expect(await at.uploadTo(...words)).toMatchObject(refusal('refused', why))
  expect(existsSync(at.file)).toBe(true)
})

test.each([
  ['goes though a rule says of a late end that it takes older versions along', 'ExpiredObjectAllVersions', true],
  ['is kept where a rule says what nobody knows', 'RemoveOnTuesdays', false],
])('[artifact.prune] a file %s', async (_, name, goes) => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const rule = `<Rule><ID>late</ID><Status>Enabled</Status><Filter/><Expiration><Days>365</Days><${name}>true</${name}></Expiration></Rule>`
  const change = (answer: Answer): void => {
    answer.status = 200
    answer.body = Buffer.from(`<LifecycleConfiguration>${rule}</LifecycleConfiguration>`)
  }
  proxy.fault = ({ method, url }) => (method === 'GET' && /[?&]lifecycle/.test(url) ? { change } : undefined)
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  const tried = await at.uploadTo(...words)
  if (goes) expect(resultOf(tried)).toMatchObject({ removed: [at.file] })
  else expect(tried).toMatchObject(refusal('refused', /a rule of the bucket has RemoveOnTuesdays, which Holdfast does not know/))
  expect(existsSync(at.file)).toBe(!goes)
})

test.each([
  ['of none', undefined],
  [
    'of one that is for replaced versions',
    `expiry-date="${new Date(Date.now() + 30 * 24 * 3_600_000).toUTCString()}", rule-id="old"`,
  ],
])('[artifact.prune] a file is kept where a rule removes the object within a day, and the server tells %s', async (_, told) => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  resultOf(await at.upload())
  const change = ({ headers }: Answer): void => {
    if (told === undefined) delete headers['x-amz-expiration']
    else headers['x-amz-expiration'] = told
  }
  proxy.fault = ({ method, url }) => (method === 'HEAD' && url.includes('neo4j-2026.dump') ? { change } : undefined)
  const rule = (Prefix: string): LifecycleRule => ({
    ID: 'exports',
    Status: 'Enabled',
    Filter: { Prefix },
    Expiration: { Date: midnight },
  })
  const midnight = new Date(Math.ceil((Date.now() + 1000) / 86_400_000) * 86_400_000)
  for (const [prefix, isKept] of [
    ['neo4j-', true],
    ['others/', false],
  ] as const) {
    const LifecycleConfiguration = { Rules: [rule(prefix)] }
    await at.minio.client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: at.bucket, LifecycleConfiguration }))
    const tried = await at.uploadTo(...words)
    if (isKept) expect(tried).toMatchObject(refusal('refused', `a rule of the bucket removes it at ${midnight.toISOString()}`))
    else expect(resultOf(tried)).toMatchObject({ status: 'skipped', removed: [at.file] })
    expect(existsSync(at.file)).toBe(isKept)
  }
})

test('[artifact.prune] a file is kept where the server tells of an object that it cannot give, or not all of it', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  const gone = { status: 404, code: 'NoSuchKey' }
  const isRead = ({ method, url }: Seen): boolean => method === 'GET' && /neo4j-2026\.dump\?/.test(url)
  proxy.fault = (request) => (isRead(request) ? gone : undefined)
  expect(await at.uploadTo(...words)).toMatchObject(
    refusal('refused', /is not removed, though .*neo4j-2026\.dump is uploaded: its byte \d+ cannot be read: .*NoSuchKey/),
  )
  expect(existsSync(at.file)).toBe(true)

  // Of three parts.
  writeFileSync(at.file, randomBytes(33 * 1024 * 1024))
  for (const whole of [0, 1, 2, 3]) {
    let reads = 0
    proxy.fault = (request) => (isRead(request) && reads++ === whole ? gone : undefined)
    expect(await at.uploadTo(...words, '--force')).toMatchObject(refusal('refused', /its byte \d+ cannot be read/))
    expect(existsSync(at.file)).toBe(true)
  }
  const before = proxy.seen.length
  proxy.fault = () => undefined
  expect(resultOf(await at.uploadTo(...words))).toMatchObject({ status: 'skipped', parts: 3, removed: [at.file] })
  expect(proxy.seen.slice(before).filter(isRead).length).toBe(4)
})

test('[artifact.prune] a file that changes when it is verified already is kept, and so is one whose server tells no checksum', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  proxy.fault = ({ method, url }) => {
    if (method === 'PUT' && url.includes('.meta.json')) writeFileSync(at.file, 'new content')
    return undefined
  }
  expect(await at.uploadTo(...words)).toMatchObject(
    refusal('refused', /is not removed, though .* is uploaded: expected 300000 bytes/),
  )
  expect(readFileSync(at.file, 'utf8')).toBe('new content')

  // Put there by another program, which had no checksum computed.
  const Metadata = {
    sha256: sha256(small),
    size: '300000',
    'created-by': 'me',
    'db-name': 'neo4j',
    timestamp: new Date().toISOString(),
  }
  const encrypted = { ServerSideEncryption: 'AES256' } as const
  await at.minio.client.send(
    new PutObjectCommand({ Bucket: at.bucket, Key: 'neo4j-2026.dump', Body: small, Metadata, ...encrypted }),
  )
  writeFileSync(at.file, small)
  expect(await at.uploadTo(...words)).toMatchObject(refusal('refused', /the server tells no checksum/))
  expect(existsSync(at.file)).toBe(true)
})

test('[artifact.prune] a file that is changed in place when it is verified already, and gets back its time, is kept', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const { mtime } = statSync(at.file)
  utimesSync(at.file, mtime, mtime)
  proxy.fault = ({ method, url }) => {
    if (method === 'PUT' && url.includes('.meta.json')) overwriteEnd(at.file, mtime)
    return undefined
  }
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  expect(await at.uploadTo(...words)).toMatchObject(refusal('refused', /is not removed, though .* it was written to/))
  expect(existsSync(at.file)).toBe(true)
})
