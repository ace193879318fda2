import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import type { Uploaded } from '../../src/artifact/upload.ts'
import { exitCodes } from '../../src/core/errors.ts'
import { assumeRole, policy, withEnvironment } from '../support/awsRoles.ts'
import { bucketWords, contentOf, keysIn } from '../support/bucketWords.ts'
import { type Answer, FaultProxy, type Seen } from '../support/faultProxy.ts'
import { holdfast, type Outcome, refusal, resultOf } from '../support/holdfast.ts'
import { overwriteEnd, sha256, small, uploading, writeMeta } from '../support/uploading.ts'

// Without TLS, so that a proxy can stand in front of it.
const at = uploading({ tls: false, versioned: false })

test('[artifact.upload] a file that changes during the upload is noticed, and nothing of it is stored', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const content = randomBytes(40 * 1024 * 1024)
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1']
  const { mtime } = statSync(at.file)
  const changes: [string, () => void][] = [
    ['grows', () => writeFileSync(at.file, 'more', { flag: 'a' })],
    ['is cut', () => truncateSync(at.file, content.length - 1000)],
    ['is replaced', () => replace(at.file, content)],
    // Of the same size, and with the time of before.
    ['is overwritten in place', () => overwriteEnd(at.file, mtime)],
  ]
  for (const [what, change] of changes) {
    writeFileSync(at.file, content)
    utimesSync(at.file, mtime, mtime)
    // The upload in parts has begun, the end of the file is not read yet.
    proxy.fault = ({ method, url }) => {
      if (method === 'POST' && url.includes('uploads')) change()
      return undefined
    }
    const outcome = await at.uploadTo(...words, '--prune-local')
    expect(outcome, `${what}: ${outcome.story}`).toMatchObject(refusal('integrity', /changed while it was read/))
    expect(await keysIn(at.minio, at.bucket), what).toEqual([])
    expect(existsSync(at.file)).toBe(true)
  }
})

test('[artifact.upload] a large file that is told of beside it is read once, and stored only where it is what is told', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  const content = randomBytes(40 * 1024 * 1024)
  // Of the right size, with one other byte.
  const damaged = Buffer.from(content)
  damaged[damaged.length - 1]! ^= 1
  writeFileSync(at.file, damaged)
  writeMeta(at.file, content)
  const told = new RegExp(`is not what .*\\.meta says: expected .*${sha256(content)}, found .*${sha256(damaged)}`)
  expect(await at.uploadTo(...words)).toMatchObject(refusal('integrity', told))
  expect(proxy.seen.filter(({ method, url }) => method === 'PUT' && url.includes('partNumber=')).length).toBeGreaterThan(0)
  expect(await keysIn(at.minio, at.bucket)).toEqual([])
  expect(existsSync(at.file)).toBe(true)

  writeFileSync(at.file, content)
  const uploaded = resultOf(await at.uploadTo(...words))
  expect(uploaded).toMatchObject({
    sha256: sha256(content),
    parts: 3,
    verified: { sha256: sha256(content), checksumCovers: 'the digests of 3 parts' },
    facts: { db_name: 'sales', transaction_id: '42' },
    removed: [at.file, `${at.file}.meta`],
  })
  expect(sha256(await contentOf(at.minio, at.bucket, uploaded.key))).toBe(sha256(content))

  // Where the key is taken the file itself is compared, whatever is told of it.
  writeFileSync(at.file, damaged)
  writeMeta(at.file, content)
  expect(await at.uploadTo(...words)).toMatchObject(refusal('integrity', told))
  writeFileSync(at.file, content)
  expect(resultOf(await at.uploadTo(...words))).toMatchObject({ status: 'skipped', removed: [at.file, `${at.file}.meta`] })
})

test('[artifact.upload] a file that changes while it is read once is noticed, and nothing of it is stored', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const content = randomBytes(40 * 1024 * 1024)
  writeFileSync(at.file, content)
  writeMeta(at.file, content)
  proxy.fault = ({ method, url }) => {
    if (method === 'POST' && url.includes('uploads')) writeFileSync(at.file, 'more', { flag: 'a' })
    return undefined
  }
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1']
  expect(await at.uploadTo(...words)).toMatchObject(refusal('integrity', /changed while it was read/))
  expect(await keysIn(at.minio, at.bucket)).toEqual([])
})

test('[artifact.upload] nothing is put among the objects of a repository', async () => {
  resultOf(
    await holdfast('repo', 'init', '--repo', `s3://${at.bucket}/team/graphs`, ...bucketWords(at.minio, at.bucket).slice(2)),
  )
  const before = await keysIn(at.minio, at.bucket)
  const [here, inside] = [/team\/graphs is a repository/, /lies in the repository s3:.*\/team\/graphs,/]
  for (const words of [[], ['--force']]) {
    expect(await at.upload('--prefix', 'team/graphs', ...words)).toMatchObject(refusal('refused', here))
    expect(await at.upload('--prefix', 'team/graphs/packs/00', ...words)).toMatchObject(refusal('refused', inside))
  }
  expect(await keysIn(at.minio, at.bucket)).toEqual(before)
  for (const prefix of ['team', 'team/graphs-exported'])
    expect(resultOf(await at.upload('--prefix', prefix)).status).toBe('uploaded')
})

test('[artifact.upload] a role that sees nothing around its prefix uploads there', async () => {
  const role = await assumeRole(at.minio, policy('upload', { bucket: at.bucket, prefix: 'neo4j/exports' }))
  await withEnvironment(role, async () => {
    expect(resultOf(await at.upload('--prefix', 'neo4j/exports')).status).toBe('uploaded')
  })
})

test('[artifact.upload] what the server says it stored otherwise is told as that, and not as a change of the file', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const change = ({ headers }: Answer): void => void (headers['x-amz-checksum-sha256'] = Buffer.alloc(32).toString('base64'))
  const isPut = ({ method, url }: Seen): boolean => method === 'PUT' && url.includes('.dump?')
  // Where the answer to the put is lost, a look at the object tells that, too.
  proxy.fault = (request) => (isPut(request) || request.method === 'HEAD' ? { change } : undefined)
  const outcome = await at.uploadTo('--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local')
  const puts = proxy.seen.filter(isPut).length
  expect(outcome, `after ${puts} puts: ${outcome.story}`).toMatchObject(
    refusal('integrity', /the server stored .* with SHA-256 A+=, expected .*; it was removed again$/),
  )
  expect(outcome.error?.hint).not.toContain('nothing was stored')
  expect(await keysIn(at.minio, at.bucket)).toEqual([])
  expect(existsSync(at.file)).toBe(true)
})

test('[s3.protected] what is stored otherwise than asked is removed again, and what it has replaced is there again, whatever the answer lacks', async () => {
  at.bucket = await at.minio.newBucket(`artifact-${randomUUID()}`, { versioned: true })
  resultOf(await at.upload())
  writeFileSync(at.file, 'another content')
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const change = ({ headers }: Answer): void => {
    delete headers['x-amz-server-side-encryption']
    delete headers['x-amz-version-id']
  }
  proxy.fault = ({ method, url }) => (method === 'PUT' && url.includes('.dump?') ? { change } : undefined)
  const outcome = await at.uploadTo('--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--force')
  expect(outcome).toMatchObject(refusal('refused', /does not encrypt .*; it was removed again$/))
  expect(sha256(await contentOf(at.minio, at.bucket, 'neo4j-2026.dump'))).toBe(sha256(small))
})

test('[artifact.upload] an object that is lost or replaced before it is verified is told of, and the file is kept', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  const target = { Bucket: at.bucket, Key: 'neo4j-2026.dump' }
  const faults: [() => Promise<unknown>, RegExp][] = [
    [async () => at.minio.client.send(new DeleteObjectCommand(target)), /is not what was uploaded: it is not there/],
    [async () => at.minio.client.send(new PutObjectCommand({ ...target, Body: 'else' })), /expected 300000 bytes, found 4/],
  ]
  for (const [meanwhile, message] of faults) {
    let heads = 0
    proxy.fault = ({ method, url }) =>
      method === 'HEAD' && /neo4j-2026\.dump(\?|$)/.test(url) && ++heads === 2 ? meanwhile() : undefined
    expect(await at.uploadTo(...words)).toMatchObject(refusal('integrity', message))
    expect(existsSync(at.file)).toBe(true)
    await at.minio.client.send(new DeleteObjectCommand(target))
  }
})

test('[artifact.upload] of two uploads that replace one another, the one whose object is gone is told so, and its file is kept', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const other = join(at.folder, 'other/neo4j-2026.dump')
  mkdirSync(dirname(other), { recursive: true })
  writeFileSync(other, 'another content')
  const uploadOther = async () =>
    holdfast<Uploaded>('s3', 'upload', '--file', other, '--force', ...bucketWords(at.minio, at.bucket))
  let theirs: Promise<Outcome<Uploaded>> | undefined
  proxy.fault = ({ method, url }) => {
    if (method !== 'PUT' || !url.includes('.meta.json') || theirs !== undefined) return undefined
    theirs = uploadOther()
    return theirs
  }
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--force', '--prune-local']
  expect(await at.uploadTo(...words)).toMatchObject(
    refusal('integrity', /was replaced by another upload before this upload had ended/),
  )
  expect(existsSync(at.file)).toBe(true)
  const { key } = resultOf(await theirs!)
  expect((await contentOf(at.minio, at.bucket, key)).toString()).toBe('another content')
  // What is told beside it is of the other one: the next upload of what is there sees to that.
  expect(resultOf(await uploadOther())).toMatchObject({ status: 'skipped', meta: 'repaired' })
})

test('[artifact.upload] what comes there while an upload by force is under way, and was not seen by it, stays', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const theirs = { Bucket: at.bucket, Key: 'neo4j-2026.dump', Body: 'of somebody else' }
  let hasCome = false
  proxy.fault = async ({ method, url }) => {
    if (method !== 'PUT' || !url.includes('neo4j-2026.dump?') || hasCome) return undefined
    hasCome = true
    await at.minio.client.send(new PutObjectCommand(theirs))
    return undefined
  }
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--force']
  expect(await at.uploadTo(...words)).toMatchObject({ exitCode: exitCodes.refused })
  expect((await contentOf(at.minio, at.bucket, theirs.Key)).toString()).toBe(theirs.Body)
})

describe('[artifact.upload] what another upload puts there meanwhile', () => {
  /** An upload that another one overtakes when it has read all. */
  const overtaken = async (other: () => Promise<unknown>) => {
    await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
    let begun = false
    proxy.fault = ({ method, url }) => {
      const isEnd = method === 'POST' && url.includes('uploadId=')
      if (begun || url.includes('.meta.json') || (method !== 'PUT' && !isEnd) || url.includes('partNumber')) return undefined
      begun = true
      return other()
    }
    return await at.uploadTo('--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1')
  }
  const upload = async () => resultOf(await at.upload())

  test('is skipped where it is the same, in parts and read once, too', async () => {
    expect(resultOf(await overtaken(upload))).toMatchObject({ status: 'skipped', replaced: false, meta: 'kept' })
    const content = randomBytes(40 * 1024 * 1024)
    at.file = join(at.folder, 'large.dump')
    writeFileSync(at.file, content)
    writeMeta(at.file, content)
    const second = resultOf(await overtaken(upload))
    expect(second).toMatchObject({ status: 'skipped', verified: { checksumCovers: 'the digests of 3 parts' } })
  })

  test('is refused where it is another', async () => {
    const target = { Bucket: at.bucket, Key: 'neo4j-2026.dump' }
    const outcome = await overtaken(async () => at.minio.client.send(new PutObjectCommand({ ...target, Body: 'else' })))
    expect(outcome).toMatchObject(refusal('refused', /it came there during the upload; expected 300000 bytes, found 4/))
  })
})

function replace(path: string, content: Buffer): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

test('[artifact.upload] what comes meanwhile where its note is to be, and no upload wrote, stays', async () => {
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  const theirs = { Bucket: at.bucket, Key: 'neo4j-2026.dump.meta.json', Body: 'of somebody else' }
  proxy.fault = async ({ method, url }) => {
    if (method === 'PUT' && url.includes('.meta.json')) await at.minio.client.send(new PutObjectCommand(theirs))
    return undefined
  }
  const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1', '--prune-local']
  expect(await at.uploadTo(...words)).toMatchObject(refusal('refused', /\.meta\.json is not what an upload writes/))
  expect((await contentOf(at.minio, at.bucket, theirs.Key)).toString()).toBe(theirs.Body)
  expect(existsSync(at.file)).toBe(true)
  proxy.fault = () => undefined
  expect(await at.uploadTo(...words)).toMatchObject(refusal('refused', /\.meta\.json is not what an upload writes/))
  expect((await contentOf(at.minio, at.bucket, theirs.Key)).toString()).toBe(theirs.Body)
  expect(resultOf(await at.uploadTo(...words, '--force'))).toMatchObject({ status: 'skipped', meta: 'repaired' })
})
