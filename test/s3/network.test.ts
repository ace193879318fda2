import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { HeadObjectCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { s3Storage } from '../../src/storage/s3/s3Storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { ObjectExistsError } from '../../src/storage/storageErrors.ts'
import { type Answer, type Fault, FaultProxy, type Seen } from '../support/faultProxy.ts'
import type { S3Server } from '../support/s3Servers.ts'
import { proxiedMinio } from '../support/proxiedMinio.ts'
import { collect, failure, patterned, streamOf } from '../support/streams.ts'

const MiB = 1024 * 1024
const day = 86_400_000
const large = patterned(12 * MiB)

const anything = (): boolean => true
const isPutOf =
  (name: string) =>
  ({ method, url }: Seen) =>
    method === 'PUT' && url.includes(name) && !url.includes('partNumber')
const isPart = ({ url }: Seen): boolean => url.includes('partNumber=')
const isBegin = ({ method, url }: Seen): boolean => method === 'POST' && url.includes('uploads')
const isEnd = ({ method, url }: Seen): boolean => method === 'POST' && url.includes('uploadId=')
const isGet = ({ method, url }: Seen): boolean => method === 'GET' && !url.includes('list-type')

describe('[s3.network] behind a network that behaves badly', () => {
  const at = proxiedMinio({ versioned: true, attempts: 5 })
  let minio: S3Server
  let proxy: FaultProxy
  let bucket: string
  let storage: Storage
  beforeEach(() => {
    ;({ minio, proxy, bucket } = at)
    storage = at.open()
  })

  const read = async (name: string) => collect(storage.get(name))
  const versions = async () => (await minio.client.send(new ListObjectVersionsCommand({ Bucket: bucket }))).Versions ?? []
  const unfinished = async (name: string) =>
    (await minio.client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: `p/${name}` }))).Uploads ?? []

  const troubles: [string, number, Fault][] = [
    ['a connection that breaks before the request', 3, 'cut'],
    ['a connection that breaks within the request', 3, 'cut half sent'],
    ['500', 3, { status: 500, code: 'InternalError' }],
    ['503 SlowDown', 1, { status: 503, code: 'SlowDown' }],
    ['429', 1, { status: 429, code: 'TooManyRequests' }],
  ]
  test.each(troubles)('%s, %i times in a row: everything gets done, once', async (_, times, fault) => {
    for (const content of [Buffer.from('small'), large]) {
      for (const fits of content === large ? [isBegin, isPart, isEnd] : [anything]) {
        const name = `object-${content.length}`
        proxy.next(times, fits, fault)
        await storage.put(name, streamOf([content]))
        proxy.next(times, anything, fault)
        expect((await read(name)).equals(content)).toBe(true)
        proxy.next(times, anything, fault)
        expect((await storage.stat(name))?.size).toBe(content.length)
        expect(await unfinished(name)).toEqual([])
        proxy.next(times, anything, fault)
        expect((await Array.fromAsync(storage.list(''))).map((found) => found.name)).toEqual([name])
        expect(await versions()).toHaveLength(1)
        proxy.next(times, anything, fault)
        await storage.delete(name)
        expect(await Array.fromAsync(storage.list(''))).toEqual([])
        bucket = await minio.newBucket(`network-${randomUUID()}`, { versioned: true })
        storage = s3Storage({ bucket, prefix: 'p' }, { ...minio.options, endpoint: proxy.endpoint, attempts: 5 })
      }
    }
  })

  test.each([
    ['of a put', isPutOf('x'), Buffer.from('small')],
    ['of a part', isPart, large],
    ['of the end of an upload', isEnd, large],
  ])('the answer %s is lost: it is recognised as done, and stored once', async (_, fits, content) => {
    proxy.next(1, fits, 'lose reply')
    await storage.put('x', content)
    expect((await read('x')).equals(content)).toBe(true)
    expect(await versions()).toHaveLength(1)
    expect(await unfinished('x')).toEqual([])
  })

  test('[repository.write-once] a lost answer does not make another object pass for its own', async () => {
    for (const [content, fits] of [
      [Buffer.from('second'), isPutOf('x')],
      [large, isEnd],
    ] as const) {
      await storage.put(`x${content.length}`, Buffer.from('first'))
      proxy.next(1, fits, 'lose reply')
      expect(await failure(storage.put(`x${content.length}`, content))).toBeInstanceOf(ObjectExistsError)
      expect((await read(`x${content.length}`)).toString()).toBe('first')
      expect(await unfinished(`x${content.length}`)).toEqual([])
    }
  })

  test('a put that meets another one under way is tried again', async () => {
    proxy.next(2, isPutOf('x'), { status: 409, code: 'ConditionalRequestConflict' })
    await storage.put('x', Buffer.from('content'))
    expect((await read('x')).toString()).toBe('content')
  })

  test('a read that breaks is taken up where it broke, as often as it brings something', async () => {
    await storage.put('x', large)
    const before = proxy.seen.length
    proxy.next(20, isGet, 'cut reply')
    expect((await read('x')).equals(large)).toBe(true)
    expect(proxy.seen.slice(before).filter(isGet).length).toBeGreaterThan(15)
    const part = await collect(storage.get('x', { range: { offset: 5, length: 9 * MiB } }))
    expect(part.equals(large.subarray(5, 5 + 9 * MiB))).toBe(true)
  })

  test('a read that breaks does not go on with another content, also where the server does not know the condition', async () => {
    await storage.put('x', large)
    const change = (answer: Answer): void => {
      answer.headers.etag = '"another"'
      answer.body = Buffer.alloc(answer.body.length, 9)
    }
    let gets = 0
    proxy.fault = (request) => (isGet(request) ? (++gets === 1 ? 'cut reply' : { change }) : undefined)
    expect(await failure(read('x'))).toMatchObject({ code: 'integrity', message: 'p/x was replaced while it was read' })
  })

  test.each([-1, 1])(
    'a clock that is wrong by an hour costs one request more, and no minute for each that is refused (%i)',
    async (hours) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
      try {
        const before = proxy.seen.length
        expect(await storage.stat('x')).toBeUndefined()
        await storage.put('x', Buffer.from('first'))
        expect(await failure(storage.put('x', Buffer.from('second')))).toBeInstanceOf(ObjectExistsError)
        expect((await read('x')).toString()).toBe('first')
        expect(proxy.seen.length - before).toBeLessThanOrEqual(9)
      } finally {
        vi.useRealTimers()
      }
    },
  )

  describe('[s3.lock] where the clock is wrong by days', () => {
    const locked = (days: number) => at.open({ lock: { mode: 'COMPLIANCE', days } })
    beforeEach(async () => {
      at.bucket = await minio.newBucket(`network-${randomUUID()}`, { locked: true })
    })

    test('a lock lasts as long as is asked for, by the clock of the server', async () => {
      const begun = Date.now()
      vi.useFakeTimers({ toFake: ['Date'], now: begun - 25 * day })
      try {
        const behind = locked(30)
        // The first answer tells it, as that to the look at the repository does.
        expect(await behind.stat('repository')).toBeUndefined()
        await behind.put('x', Buffer.from('x'))
      } finally {
        vi.useRealTimers()
      }
      const found = await minio.client.send(new HeadObjectCommand({ Bucket: at.bucket, Key: 'p/x' }))
      expect(found.ObjectLockRetainUntilDate?.getTime()).toBeGreaterThan(begun + 30 * day - 3_600_000)
    })

    test('one that has not ended there is not taken for one that has', async () => {
      await locked(5).put('repository', Buffer.from('x'))
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6 * day })
      try {
        expect(await at.open().forgottenLock?.('repository')).toMatch(/compliance until/)
      } finally {
        vi.useRealTimers()
      }
    })
  })

  test('what never gets better ends in an error that says so, and nothing is left', async () => {
    proxy.next(1000, isPart, { status: 503, code: 'SlowDown' })
    expect(await failure(storage.put('x', large))).toMatchObject({
      code: 'repository',
      message: expect.stringMatching(/cannot write x in s3:\/\/proxied-\d+\/p: .*slow down/) as string,
      hint: expect.any(String) as string,
    })
    proxy.fault = () => undefined
    expect(await unfinished('x')).toEqual([])
    expect(await storage.stat('x')).toBeUndefined()
    proxy.next(1000, anything, 'cut')
    expect(await failure(read('x'))).toMatchObject({ code: 'repository', message: expect.stringMatching(/breaks/) as string })
  })

  test('credentials that expire in the middle of an upload', async () => {
    let parts = 0
    proxy.fault = (request) => (isPart(request) && ++parts > 1 ? { status: 403, code: 'ExpiredToken' } : undefined)
    expect(await failure(storage.put('x', large))).toMatchObject({
      code: 'repository',
      message: expect.stringMatching(/credentials have expired/) as string,
      hint: expect.stringMatching(/renew/) as string,
    })
    expect(await unfinished('x')).toEqual([])
    expect(await versions()).toEqual([])
  })

  test('an upload that waits for a slow server does not hold up a small object', async () => {
    const gate = Promise.withResolvers<void>()
    proxy.fault = (request) => (isPart(request) ? gate.promise : undefined)
    const slow = storage.put('slow', patterned(60 * MiB))
    while (proxy.seen.filter(isPart).length < 4) await delay(5)
    await storage.put('quick', Buffer.from('quick'))
    expect((await Array.fromAsync(storage.list(''))).map(({ name }) => name)).toEqual(['quick'])
    gate.resolve()
    await slow
    expect((await storage.stat('slow'))?.size).toBe(60 * MiB)
  })

  test('an upload that is given up leaves nothing, also while the server is slow', async () => {
    const gate = Promise.withResolvers<void>()
    proxy.fault = (request) => (isPart(request) ? gate.promise : undefined)
    const controller = new AbortController()
    const reason = new Error('enough')
    const put = failure(storage.put('x', large, { signal: controller.signal }))
    while (!proxy.seen.some(isPart)) await delay(5)
    controller.abort(reason)
    expect(await put).toBe(reason)
    gate.resolve()
    expect(await versions()).toEqual([])
  })
})
