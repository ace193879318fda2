import { randomUUID } from 'node:crypto'
import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, test } from 'vitest'
import { initRepository, openRepository } from '../../src/repository/repository.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { ObjectExistsError, PutUnsettledError } from '../../src/storage/storageErrors.ts'
import { type Answer, errorDocument, FaultProxy, type Seen } from '../support/faultProxy.ts'
import { kmsKeyId, type S3Server } from '../support/s3Servers.ts'
import { addFiles, backUp, digests, readBack } from '../support/smallBackup.ts'
import { proxiedMinio } from '../support/proxiedMinio.ts'
import { collect, failure, patterned } from '../support/streams.ts'

const MiB = 1024 * 1024
const large = patterned(12 * MiB)
const small = Buffer.from('small')

const isPut = ({ method, url }: Seen): boolean => method === 'PUT' && !url.includes('partNumber')
const isPart = ({ url }: Seen): boolean => url.includes('partNumber=')
const isEnd = ({ method, url }: Seen): boolean => method === 'POST' && url.includes('uploadId=')
const isGivenUp = ({ method, url }: Seen): boolean => method === 'DELETE' && url.includes('uploadId=')
const isHead = ({ method }: Seen): boolean => method === 'HEAD'
const matching = (text: RegExp): string => expect.stringMatching(text) as string

const at = proxiedMinio({ versioned: true, attempts: 4, prefix: '' })
let minio: S3Server
let proxy: FaultProxy
let bucket: string
let storage: Storage
beforeEach(() => {
  ;({ minio, proxy, bucket } = at)
  storage = at.open()
})

const { open } = at
const read = async (name: string) => collect(storage.get(name))
const versions = async () => (await minio.client.send(new ListObjectVersionsCommand({ Bucket: bucket }))).Versions ?? []
const unfinished = async () =>
  (await minio.client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: 'x' }))).Uploads ?? []
const seen = (fits: (request: Seen) => boolean): number => proxy.seen.filter(fits).length
const saying = (code: string, behind = '') => ({
  change: (answer: Answer) => {
    answer.status = 200
    answer.body = Buffer.from(errorDocument(code, 'by the proxy') + behind)
  },
})
const withHeader = (name: string, value: string | undefined) => ({
  change: (answer: Answer) => {
    if (value === undefined) delete answer.headers[name]
    else answer.headers[name] = value
  },
})

describe('[s3.network] an end of an upload that is answered with status 200 and tells', () => {
  test('trouble of the server is tried again, without its parts', async () => {
    proxy.next(2, isEnd, { status: 200, code: 'InternalError' })
    await storage.put('x', large)
    expect((await read('x')).equals(large)).toBe(true)
    expect([seen(isPart), seen(isEnd)]).toEqual([3, 3])
    expect(await versions()).toHaveLength(1)
  })

  test.each([
    ['an error', saying('InternalError')],
    ['an error with a line break behind it', saying('InternalError', '\n')],
    ['half of what it should', { change: (answer: Answer) => void (answer.body = answer.body.subarray(0, 200)) }],
    ['nothing', { change: (answer: Answer) => void (answer.body = Buffer.alloc(0)) }],
  ])('%s though it was done: it is recognised as done, and stored once', async (_, fault) => {
    proxy.next(1, isEnd, fault)
    await storage.put('x', large)
    expect((await read('x')).equals(large)).toBe(true)
    expect([seen(isPart), seen(isEnd)]).toEqual([3, 2])
    expect(await versions()).toHaveLength(1)
    expect(await unfinished()).toEqual([])
  })

  test('that the name is taken means what it means of any put', async () => {
    await storage.put('x', small)
    proxy.next(1, isEnd, { status: 200, code: 'PreconditionFailed' })
    expect(await failure(storage.put('x', large))).toBeInstanceOf(ObjectExistsError)
    expect(seen(isEnd)).toBe(1)
    expect((await read('x')).equals(small)).toBe(true)
    expect(await unfinished()).toEqual([])

    proxy.next(2, isEnd, { status: 200, code: 'ConditionalRequestConflict' })
    await storage.put('y', large)
    expect((await read('y')).equals(large)).toBe(true)
  })

  test('a refusal is told at once, and nothing is left', async () => {
    for (const [code, message] of [
      ['AccessDenied', /the server refuses it/],
      ['InvalidPart', /InvalidPart: by the proxy/],
    ] as const) {
      proxy.seen.length = 0
      proxy.next(1, isEnd, { status: 200, code })
      expect(await failure(storage.put('x', large))).toMatchObject({ code: 'repository', message: matching(message) })
      expect(seen(isEnd)).toBe(1)
      expect(await unfinished()).toEqual([])
      expect(await versions()).toEqual([])
    }
  })

  test('that the upload is not there is told at once, and nothing is given up', async () => {
    proxy.next(1, isEnd, { status: 200, code: 'NoSuchUpload' })
    const error = await failure(storage.put('x', large))
    expect(error).toMatchObject({ code: 'repository', message: matching(/its unfinished upload is not there any more$/) })
    expect([seen(isEnd), seen(isGivenUp)]).toEqual([1, 0])
  })
})

describe('[s3.protected] with a KMS key', () => {
  const header = 'x-amz-server-side-encryption-aws-kms-key-id'
  const asked = (keyId = kmsKeyId) => open({ encryption: { algorithm: 'aws:kms', keyId } })

  test.each([
    ['a put', small, isPut],
    ['a part', large, isPart],
    ['the end of an upload', large, isEnd],
  ])('an answer to %s that names another key is refused, and nothing is left', async (_, body, fits) => {
    proxy.next(1, fits, withHeader(header, 'arn:aws:kms:eu-central-1:111122223333:key/another'))
    expect(await failure(asked().put('x', body))).toMatchObject({
      code: 'refused',
      message: matching(/with another key: expected holdfast-test-key, found arn:.*another/),
    })
    expect(await versions()).toEqual([])
    expect(await unfinished()).toEqual([])
  })

  test('a server that names no key is asked once more, and then it counts', async () => {
    for (const body of [small, large]) {
      proxy.fault = (request) => (isHead(request) ? undefined : withHeader(header, undefined))
      await asked().put(`named-${body.length}`, body)
      proxy.fault = () => withHeader(header, undefined)
      expect(await failure(asked().put(`unnamed-${body.length}`, body))).toMatchObject({ message: matching(/found none/) })
    }
    expect((await versions()).map(({ Key }) => Key)).toEqual(['named-12582912', 'named-5'])
  })

  test('it goes by its ARN too', async () => {
    await asked(`arn:aws:kms:${kmsKeyId}`).put('x', small)
    expect((await versions()).length).toBe(1)
  })
})

describe('a checksum that is not that of what was sent', () => {
  const other = `${Buffer.alloc(32, 1).toString('base64')}`
  const inDocument = {
    change: (answer: Answer) => {
      const text = answer.body.toString().replace(/<ChecksumSHA256>[^<]*/, `<ChecksumSHA256>${other}-3`)
      answer.body = Buffer.from(text)
    },
  }
  const faults = [
    ['a put', small, isPut, withHeader('x-amz-checksum-sha256', other)],
    ['the end of an upload', large, isEnd, inDocument],
  ] as const

  test.each(faults)('in the answer to %s: what is there is removed again', async (_, body, fits, fault) => {
    proxy.next(1, fits, fault)
    expect(await failure(storage.put('x', body))).toMatchObject({
      code: 'integrity',
      message: matching(/the server stored x with SHA-256 .*, expected .*; it was removed again$/),
    })
    expect(await versions()).toEqual([])
  })

  test.each(faults)('in the answer to %s, where nothing can be removed: what is there is named', async (_, body, fits, fault) => {
    bucket = at.bucket = await minio.newBucket(`answers-${randomUUID()}`, { locked: true })
    storage = open({ lock: { mode: 'COMPLIANCE', days: 1 } })
    proxy.next(1, fits, fault)
    const [error] = [await failure(storage.put('x', body))]
    const [{ VersionId = '' } = {}] = await versions()
    expect(error).toMatchObject({
      code: 'integrity',
      message: matching(/; it could not be removed, and may be there$/),
      hint: matching(new RegExp(`^remove x in s3://${bucket}, version ${VersionId}, with a role that may`)),
    })
    const found = await minio.client.send(new GetObjectCommand({ Bucket: bucket, Key: 'x' }))
    expect((await found.Body!.transformToByteArray()).length).toBe(body.length)
  })
})

describe('[errors.clear] what a server says of a refusal', () => {
  test('is told with it', async () => {
    const message =
      'User: arn:aws:sts::111122223333:assumed-role/backup/run is not authorized to perform: kms:GenerateDataKey because no resource-based policy allows it'
    proxy.next(1, isPut, { status: 403, code: 'AccessDenied', message })
    expect(await failure(storage.put('x', small))).toMatchObject({
      message: `cannot write x in s3://${bucket}: the server refuses it (AccessDenied): ${message}`,
    })
  })

  test('is bounded, cannot move a cursor, and repeats no token', async () => {
    const token = 'FwoGZXIvYXdzEBYaD'.repeat(20)
    proxy.next(1, isPut, { status: 403, code: 'AccessDenied', message: `no ${token} \u001b[2J${'very '.repeat(1000)}` })
    const { message } = (await failure(storage.put('x', small))) as Error
    expect(message).toContain('no … [2Jvery very')
    expect(message).not.toMatch(/\p{Cc}|EBYaD/u)
    expect(message.length).toBeLessThan(600)
  })

  test('tells how to fix it, and no region, which AWS names in such answers too', async () => {
    const change = (answer: Answer): void => {
      answer.status = 403
      answer.headers['x-amz-bucket-region'] = 'us-east-1'
      answer.body = Buffer.from(errorDocument('AccessDenied', 'Access Denied'))
    }
    proxy.fault = () => ({ change })
    expect(await failure(Array.fromAsync(storage.list('')))).toMatchObject({ hint: matching(/s3:ListBucket/) })
  })
})

describe('[s3.network] an answer that is lost, and then the server for longer than anybody waits', () => {
  /** The put of an object is obeyed, and from then on nobody answers. */
  const silentAfter = (name: string): void => {
    let isSilent = false
    proxy.fault = ({ method, url }) => {
      if (isSilent) return 'cut'
      isSilent = method === 'PUT' && url.includes(name)
      return isSilent ? 'lose reply' : undefined
    }
  }

  test('leaves a put unsettled, which is said', async () => {
    silentAfter('x')
    const error = await failure(storage.put('x', small))
    expect(error).toBeInstanceOf(PutUnsettledError)
    expect(error).toMatchObject({
      code: 'repository',
      message: matching(/breaks again and again; it may be stored all the same$/),
      hint: matching(/first see whether x is there/),
    })
    proxy.fault = () => undefined
    expect((await read('x')).equals(small)).toBe(true)
  })

  test('is settled by a last look where the server is back by then', async () => {
    let puts = 0
    proxy.fault = ({ method }) => (method !== 'PUT' ? undefined : ++puts === 1 ? 'lose reply' : 'cut')
    await storage.put('x', small)
    expect([puts, (await versions()).length]).toEqual([4, 1])

    let ends = 0
    proxy.fault = (request) => (!isEnd(request) ? undefined : ++ends === 1 ? 'lose reply' : 'cut')
    await storage.put('x-large', large)
    expect((await read('x-large')).equals(large)).toBe(true)
  })

  test('leaves a put unsettled also where nothing is there yet, as the server may be at it still, and its parts', async () => {
    proxy.fault = (request) => (isPut(request) ? 'cut' : undefined)
    const error = await failure(storage.put('y', small))
    expect(error).toBeInstanceOf(PutUnsettledError)
    expect(error).toMatchObject({ message: matching(/breaks again and again; it may be stored all the same$/) })

    proxy.fault = (request) => (isEnd(request) ? 'cut' : undefined)
    const ofParts = await failure(storage.put('x', large))
    expect(ofParts).toBeInstanceOf(PutUnsettledError)
    expect(ofParts).toMatchObject({ hint: matching(/first see whether x is there; .*its parts cost money until a rule/) })
    expect((await unfinished()).length).toBe(1)
    expect(await versions()).toEqual([])
  })

  test('[crash.no-half-backup] of a manifest, is said to leave a backup perhaps; if so it is whole', async () => {
    await initRepository(storage)
    const files = { a: patterned(30_000, 3) }
    const kept = await backUp(await openRepository(storage), files)
    const writer = await (await openRepository(storage)).startBackup({ command: 'test' })
    const fields = await addFiles(writer, { a: patterned(30_000, 4) })
    silentAfter(`backups/${writer.id}/manifest`)
    expect(await failure(writer.finish(fields))).toMatchObject({
      code: 'repository',
      message: matching(new RegExp(`manifest .*; it may be stored all the same, and then backup ${writer.id} is there$`)),
      hint: matching(/holdfast backup list/),
    })
    proxy.fault = () => undefined
    await writer[Symbol.asyncDispose]()

    const repository = await openRepository(storage)
    const [first, second] = await repository.listBackups()
    expect([first?.id, second?.id]).toEqual([kept.id, writer.id])
    expect(digests(await readBack(repository, second!.manifest!))).toEqual(digests({ a: patterned(30_000, 4) }))
    await repository.deleteBackups([writer.id], { wait: 100_000 })
    expect(digests(await readBack(repository, kept))).toEqual(digests(files))
  })
})
