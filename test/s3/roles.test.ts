import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectS3 } from '../../src/storage/s3/client.ts'
import { s3Storage } from '../../src/storage/s3/s3Storage.ts'
import { ObjectMissingError } from '../../src/storage/storageErrors.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { assumeRole, policy, withEnvironment } from '../support/awsRoles.ts'
import { holdfast, succeed } from '../support/holdfast.ts'
import { kmsKeyId, type S3Server, startMinio } from '../support/s3Servers.ts'
import { collect } from '../support/streams.ts'

const MiB = 1024 * 1024
const prefix = 'neo4j/exports'

let folder: string
let server: S3Server
let bucket: string
let number = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-roles-'))
  server = await startMinio(folder)
})
beforeEach(async () => {
  bucket = await server.newBucket(`roles-${number++}`, { versioned: true })
  for (const Key of [`${prefix}/there`, 'neo4j/other', 'neo4j/exports-of-others/x']) {
    await server.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'hello' }))
  }
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** Runs something with the rights that a policy of `deploy/aws` gives, and no other. */
async function as<Result>(name: string, work: (open: (place: string) => Storage) => Promise<Result>): Promise<Result> {
  const role = await assumeRole(server, policy(name, { bucket, prefix }))
  return withEnvironment(role, async () => work((place) => s3Storage({ bucket, prefix: place }, server.options)))
}

const refused = expect.objectContaining({
  code: 'repository',
  message: expect.stringMatching(/the server refuses it/) as string,
}) as unknown
const put = async (storage: Storage, name: string) => storage.put(name, Buffer.from('x'))
const read = async (storage: Storage, name: string) => (await collect(storage.get(name))).toString()
const list = async (storage: Storage) => (await Array.fromAsync(storage.list(''))).map(({ name }) => name)

describe('a role with the upload policy', () => {
  test('uploads, in parts too, lists and compares below its prefix', async () =>
    as('upload', async (open) => {
      const storage = open(prefix)
      await put(storage, 'small')
      await storage.put('large', Buffer.alloc(20 * MiB, 'large'))
      expect(await list(storage)).toEqual(['large', 'small', 'there'])
      expect(await storage.stat('large')).toMatchObject({ size: 20 * MiB })
      expect(await read(storage, 'small')).toBe('x')
      expect(await storage.stat('absent')).toBeUndefined()
      await expect(read(storage, 'absent')).rejects.toThrow(ObjectMissingError)
    }))

  test('gives up an upload in parts that fails, so that nothing of it stays', async () => {
    await as('upload', async (open) => {
      const body = async function* () {
        yield Buffer.alloc(20 * MiB)
        await Promise.reject(new Error('the disk broke'))
      }
      await expect(open(prefix).put('broken', body())).rejects.toThrow('the disk broke')
    })
    expect((await server.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([])
  })

  test('deletes nothing', async () => {
    await as('upload', async (open) => expect(open(prefix).delete('there')).rejects.toEqual(refused))
    const { Versions, DeleteMarkers = [] } = await server.client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix }),
    )
    expect([Versions?.length, DeleteMarkers.length]).toEqual([2, 0])
  })

  test.each(['', 'neo4j', 'neo4j/exports-of-others', 'else'])('has no right at %j', async (place) =>
    as('upload', async (open) => {
      const storage = open(place)
      await expect(list(storage)).rejects.toEqual(refused)
      await expect(put(storage, 'new')).rejects.toEqual(refused)
      await expect(read(storage, place === 'neo4j' ? 'other' : 'x')).rejects.toEqual(refused)
      await expect(storage.stat('other')).rejects.toEqual(refused)
      await expect(storage.delete('other')).rejects.toEqual(refused)
    }),
  )
})

test('the policy of the bucket refuses another encryption and another key, and nothing else', async () => {
  const wanted = kmsKeyId
  const values = { bucket, prefix, key_arn: wanted }
  const [allowed, denied] = ['upload', 'bucket'].map(
    (name) => (JSON.parse(policy(name, values)) as { Statement: object[] }).Statement,
  )
  // MinIO asks the policy of a bucket only about strangers: here its sentences are those of a role. It is reached without TLS, too.
  const sentences = denied!.slice(1).map((statement) => ({ ...statement, Principal: undefined }))
  const document = JSON.stringify({ Version: '2012-10-17', Statement: [...allowed!, ...sentences] })
  await withEnvironment(await assumeRole(server, document), async () => {
    const put20 = async (name: string, encryption?: { algorithm: 'AES256' | 'aws:kms'; keyId?: string }) =>
      s3Storage({ bucket, prefix }, { ...server.options, ...(encryption ? { encryption } : {}) }).put(
        name,
        Buffer.alloc(20 * MiB),
      )
    await put20('by-default')
    await put20('asked-for', { algorithm: 'aws:kms', keyId: wanted })
    await expect(put20('weaker', { algorithm: 'AES256' })).rejects.toEqual(refused)
    await expect(put20('other-key', { algorithm: 'aws:kms', keyId: 'another-key' })).rejects.toEqual(refused)
  })
})

test('the policy of the bucket refuses a key that comes with the put, which only who sends it could read with', async () => {
  // Such a put is taken over TLS only.
  await using secure = await startMinio(join(folder, 'secure'), { tls: true })
  const Bucket = await secure.newBucket('secure')
  const values = { bucket: Bucket, prefix, key_arn: kmsKeyId }
  const [allowed, denied] = ['upload', 'bucket'].map(
    (name) => (JSON.parse(policy(name, values)) as { Statement: object[] }).Statement,
  )
  const sentences = denied!.map((statement) => ({ ...statement, Principal: undefined }))
  const document = JSON.stringify({ Version: '2012-10-17', Statement: [...allowed!, ...sentences] })
  await withEnvironment(await assumeRole(secure, document), async () => {
    const { client } = connectS3(secure.options)
    const wanted = { Bucket, Key: `${prefix}/x`, Body: 'x' }
    await client.send(new PutObjectCommand(wanted))
    const own = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: Buffer.alloc(32, 1).toString('latin1') }
    await expect(client.send(new PutObjectCommand({ ...wanted, ...own }))).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(client.send(new CreateMultipartUploadCommand({ ...wanted, ...own }))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
    client.destroy()
  })
})

test('where a server refuses to say that an object is absent, the list says it', async () => {
  // AWS refuses so where listing is bound to a prefix. MinIO does it only where reading the object is refused too, and listing bound to something else.
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/${prefix}/there` },
      {
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: `arn:aws:s3:::${bucket}`,
        Condition: { StringLike: { 's3:prefix': `${prefix}/*` }, NumericEquals: { 's3:max-keys': '1' } },
      },
    ],
  })
  await server.client.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/secret`, Body: 'x' }))
  await withEnvironment(await assumeRole(server, document), async () => {
    const storage = s3Storage({ bucket, prefix }, server.options)
    expect(await storage.stat('there')).toMatchObject({ size: 5 })
    for (const absent of ['ther', 'secre', 'absent']) {
      expect(await storage.stat(absent)).toBeUndefined()
      await expect(read(storage, absent)).rejects.toThrow(ObjectMissingError)
    }
    await expect(storage.stat('secret')).rejects.toEqual(refused)
    await expect(read(storage, 'secret')).rejects.toEqual(refused)
    await expect(s3Storage({ bucket, prefix: 'neo4j' }, server.options).stat('absent')).rejects.toEqual(refused)
  })
})

describe('a role with the restore policy', () => {
  test('reads and lists below its prefix, and does nothing else', async () =>
    as('restore', async (open) => {
      const storage = open(prefix)
      expect(await list(storage)).toEqual(['there'])
      expect(await read(storage, 'there')).toBe('hello')
      expect(await storage.stat('absent')).toBeUndefined()
      await expect(put(storage, 'new')).rejects.toEqual(refused)
      await expect(storage.delete('there')).rejects.toEqual(refused)
      await expect(read(open('neo4j'), 'other')).rejects.toEqual(refused)
      await expect(list(open('neo4j'))).rejects.toEqual(refused)
    }))
})

describe('a role with the repository policy', () => {
  const reach = (): string[] => ['--endpoint', server.options.endpoint!, '--region', 'us-east-1']

  test('makes and keeps a repository below its prefix', async () =>
    as('repository', async (open) => {
      const place = ['--repo', `s3://${bucket}/${prefix}`, ...reach()]
      await succeed('repo', 'init', ...place)
      expect(await succeed('repo', 'show', ...place)).toMatchObject({ backups: 0 })
      const storage = open(prefix)
      await put(storage, 'leases/x/0000000001')
      await storage.delete('leases/x/0000000001')
      await expect(put(open('neo4j'), 'new')).rejects.toEqual(refused)
      await expect(open('neo4j').delete('other')).rejects.toEqual(refused)
    }))

  test('cannot destroy what versioning keeps', async () => {
    await as('repository', async (open) => open(prefix).delete('there'))
    const { Versions = [] } = await server.client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: `${prefix}/there` }),
    )
    expect(Versions).toHaveLength(1)
  })
})

describe('a role with the lifecycle policy', () => {
  test('sets the lifecycle, and reads no backup', async () =>
    as('lifecycle', async (open) => {
      const words = ['s3', 'lifecycle', '--bucket', bucket, '--prefix', prefix, '--days', '7', '--apply', '--confirm']
      const { result } = await holdfast<{ change: { outcome: string } }>(
        ...words,
        '--endpoint',
        server.options.endpoint!,
        '--region',
        'us-east-1',
      )
      // MinIO does not keep the removal of unfinished uploads.
      expect(result.change.outcome).toBe('partly-applied')
      await expect(read(open(prefix), 'there')).rejects.toEqual(refused)
    }))
})
