import { randomUUID } from 'node:crypto'
import { DeleteObjectCommand, PutObjectCommand, PutObjectLockConfigurationCommand } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, test } from 'vitest'
import { doctorCommand } from '../../src/cli/doctorCommand.ts'
import { repoInitCommand } from '../../src/cli/repoInitCommand.ts'
import { initRepository, openRepository, type Repository } from '../../src/repository/repository.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { type Answer, FaultProxy, type Seen } from '../support/faultProxy.ts'
import { holdfast, refusal } from '../support/holdfast.ts'
import type { S3Server } from '../support/s3Servers.ts'
import { backUp, digests, readBack } from '../support/smallBackup.ts'
import { proxiedMinio } from '../support/proxiedMinio.ts'
import { collect, failure, patterned } from '../support/streams.ts'

const at = proxiedMinio({ versioned: false, attempts: 3 })
let minio: S3Server
let proxy: FaultProxy
let bucket: string
let storage: Storage
beforeEach(() => {
  ;({ minio, proxy, bucket } = at)
  storage = at.open()
})

const isList = ({ url }: Seen): boolean => url.includes('list-type')
const changed = (edit: (text: string) => string) => ({
  change: (answer: Answer) => {
    answer.status = 200
    answer.body = Buffer.from(edit(answer.body.toString()))
  },
})
const endless = (token: string): string =>
  `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken><Contents><Key>p/backups/x</Key></Contents></ListBucketResult>`
const matching = (text: RegExp): string => expect.stringMatching(text) as string

describe('[backup.delete] a list that is not whole', () => {
  const lists: [string, (text: string) => string, RegExp][] = [
    ['is cut', (text) => text.slice(0, text.length / 2), /./],
    ['is a page of something else', () => '<html><body>Please sign in.</body></html>', /no list/],
    ['lacks objects that it counts', (text) => text.replace(/<Contents>.*?<\/Contents>/, ''), /says \d+ objects and tells \d+/],
    [
      'ends where it says that there is more',
      (text) => text.replace('<IsTruncated>false', '<IsTruncated>true'),
      /there is more, and not where/,
    ],
    ['begins again and again', () => endless('same'), /begins again/],
    ['never ends', () => endless(String(Math.random())), /behind/],
    ['tells what was not asked for', (text) => text.replaceAll('<Key>p/', '<Key>other/'), /does not begin with p\//],
    [
      'is out of order',
      (text) => {
        const objects = text.match(/<Contents>.*?<\/Contents>/gs) ?? []
        return text.replace(objects.join(''), objects.toReversed().join(''))
      },
      /behind/,
    ],
  ]

  const lasting = async (): Promise<string[]> =>
    (await Array.fromAsync(storage.list(''))).map(({ name }) => name).filter((name) => !name.startsWith('leases/'))

  test.each(lists)('because it %s deletes nothing', async (_, edit, message) => {
    await initRepository(storage)
    const files = { a: patterned(30_000, 3), b: patterned(20_000, 4) }
    const kept = await backUp(await openRepository(storage), files)
    const gone = await backUp(await openRepository(storage), { b: files.b, c: patterned(10_000, 5) })
    const before = await lasting()
    proxy.fault = (request) => (isList(request) && !request.url.includes('leases') ? changed(edit) : undefined)
    const repository: Repository = await openRepository(storage)
    expect(await failure(repository.deleteBackups([gone.id]))).toMatchObject({ code: 'repository', message: matching(message) })
    proxy.fault = () => undefined
    expect(await lasting()).toEqual(before)
    expect(digests(await readBack(repository, kept))).toEqual(digests(files))
  })
})

describe('[backup.delete] a manifest that is listed, and of which the server then says that it is not there,', () => {
  const files = { a: patterned(30_000, 3), b: patterned(20_000, 4) }
  const hidden = (id: string) => (request: Seen) =>
    request.method === 'GET' && request.url.includes(`backups/${id}/manifest`) ? { status: 404, code: 'NoSuchKey' } : undefined

  test('is that of no backup that is gone: what it needs is not freed', async () => {
    await initRepository(storage)
    const repository: Repository = await openRepository(storage)
    const kept = await backUp(repository, files)
    const gone = await backUp(repository, { c: patterned(10_000, 5) })
    proxy.fault = hidden(kept.id)
    expect(await failure(repository.deleteBackups([gone.id]))).toMatchObject({
      code: 'integrity',
      message: matching(/is kept, but what it needs cannot be read, so nothing was deleted: .* is listed in /),
    })
    proxy.fault = () => undefined
    expect((await repository.listBackups()).map(({ id }) => id)).toEqual([kept.id, gone.id])
    expect(digests(await readBack(repository, kept))).toEqual(digests(files))
  })

  test('is that of no backup that is whole either', async () => {
    await initRepository(storage)
    const repository: Repository = await openRepository(storage)
    const { id: first } = await backUp(repository, files)
    await backUp(repository, { c: patterned(10_000, 5) })
    proxy.fault = hidden(first)
    const { backups } = await repository.verifyBackups()
    expect(backups.find(({ id }) => id === first)?.error).toMatchObject({ code: 'integrity' })
  })
})

test('[backup.delete] a page that something puts in the place of the answer to a delete does not pass for one', async () => {
  await initRepository(storage)
  const repository: Repository = await openRepository(storage)
  const { id } = await backUp(repository, { a: patterned(30_000, 3) })
  proxy.fault = ({ method, url }) =>
    method === 'DELETE' && !url.includes('leases')
      ? { status: 200, page: '<html><body>Please sign in.</body></html>' }
      : undefined
  expect(await failure(repository.deleteBackups([id]))).toMatchObject({
    code: 'repository',
    message: matching(new RegExp(`backup ${id} was to be deleted, but .* lists it still`)),
  })
  proxy.fault = () => undefined
  expect((await repository.listBackups()).map((backup) => backup.id)).toEqual([id])
})

test('names of others that no object of ours could have are passed over, however odd', async () => {
  await storage.put('a', Buffer.from('a'))
  await storage.put('z', Buffer.from('z'))
  const odd = ['%', '%zz', 'a b', 'b+c', 'é', '日本', '🙂', '<&>"', '.hidden', 'e/', 'f%0A', 'x\u0001y', 'x\ry', 'a/.b']
  const put = async (name: string) => minio.client.send(new PutObjectCommand({ Bucket: bucket, Key: `p/${name}`, Body: 'odd' }))
  await Promise.all(odd.map(put))
  const names = (await Array.fromAsync(storage.list(''))).map(({ name }) => name)
  expect(names).toEqual(['a', 'z'])
})

test('a page that something puts in the place of the answer to a put does not pass for one', async () => {
  const page = {
    change: (answer: Answer) => {
      answer.status = 200
      answer.headers = { 'content-type': 'text/html' }
      answer.body = Buffer.from('<html><body>Please sign in.</body></html>')
    },
  }
  const isPut = ({ method }: Seen): boolean => method === 'PUT'
  proxy.next(1, isPut, page)
  await storage.put('there', patterned(10))
  // In the place of the object only the page is there.
  proxy.fault = (request) => (isPut(request) ? { status: 200, page: '<html><body>Please sign in.</body></html>' } : undefined)
  expect(await failure(storage.put('x', patterned(10)))).toMatchObject({ message: matching(/answered without an ETag/) })
})

test('a server that gives the whole of an object, or another part, where a part was asked for is found out', async () => {
  await storage.put('x', patterned(1000))
  const read = async () => collect(storage.get('x', { range: { offset: 100, length: 10 } }))
  expect((await read()).equals(patterned(1000).subarray(100, 110))).toBe(true)
  const whole = {
    change: (answer: Answer) => {
      answer.status = 200
      delete answer.headers['content-range']
      answer.body = patterned(1000)
    },
  }
  proxy.fault = ({ method }) => (method === 'GET' ? whole : undefined)
  expect(await failure(read())).toMatchObject({ code: 'repository', message: matching(/the server gives another one/) })
})

test('[repository.write-once] a server that overwrites is refused by doctor and repo init', async () => {
  minio.use({ HOLDFAST_ENDPOINT: proxy.endpoint })
  // What is there is removed before the put: as if the condition were ignored.
  proxy.fault = ({ method, url }) => {
    const [, Key] = /^\/[^/]+\/([^?]*)/.exec(url) ?? []
    const isMade = method === 'PUT' || (method === 'POST' && url.includes('uploadId='))
    return isMade && Key ? minio.client.send(new DeleteObjectCommand({ Bucket: bucket, Key })) : undefined
  }
  const repo = `s3://${bucket}/p`
  const { exitCode, result } = await holdfast<{ probes: { name: string; ok: boolean }[] }>('doctor', '--repo', repo)
  expect(exitCode).toBe(7)
  const failed = result.probes.filter(({ ok }) => !ok).map(({ name }) => name)
  // Of four at once exactly one may win here, too, as the deletes and puts come.
  expect(failed.filter((name) => name !== 'one of many')).toEqual(['never overwrite', 'never overwrite, in parts'])
  expect(await holdfast('repo', 'init', '--repo', repo)).toMatchObject(refusal('refused', /never overwrite/))
  proxy.fault = () => undefined
  expect(await Array.fromAsync(storage.list(''))).toEqual([])
})

test('[repository.write-once] a server that overwrites with uploads in parts alone is refused by repo init, too', async () => {
  minio.use({ HOLDFAST_ENDPOINT: proxy.endpoint })
  proxy.fault = ({ method, url }) => {
    const [, Key] = /^\/[^/]+\/([^?]*)/.exec(url) ?? []
    return method === 'POST' && url.includes('uploadId=')
      ? minio.client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
      : undefined
  }
  const outcome = await holdfast('repo', 'init', '--repo', `s3://${bucket}/p`)
  expect(outcome).toMatchObject(refusal('refused', /what fails: never overwrite, in parts \(a second object was accepted/))
  proxy.fault = () => undefined
  expect(await Array.fromAsync(storage.list(''))).toEqual([])
})

test('[errors.clear] doctor ends with a status that its help tells where a server says that it stored something else', async () => {
  minio.use({ HOLDFAST_ENDPOINT: proxy.endpoint })
  const change = ({ headers }: Answer): void => void (headers['x-amz-checksum-sha256'] = Buffer.alloc(32).toString('base64'))
  // Where an answer to a put is lost, a look at the object tells that, too.
  proxy.fault = ({ method }) => (method === 'PUT' || method === 'HEAD' ? { change } : undefined)
  const { error } = await holdfast('doctor', '--repo', `s3://${bucket}/p`)
  expect(error?.code).toBe('integrity')
  expect(doctorCommand.fails).toContain(error?.code)
  expect(repoInitCommand.fails).toContain(error?.code)
})

test('doctor and repo init refuse a bucket with a rule that moves objects to an archive, and what lies there says so', async () => {
  minio.use({ HOLDFAST_ENDPOINT: proxy.endpoint })
  const page =
    '<LifecycleConfiguration><Rule><ID>cold</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>' +
    '<Transition><Days>30</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition></Rule></LifecycleConfiguration>'
  proxy.fault = ({ url }) => (url.includes('?lifecycle') ? { status: 200, page } : undefined)
  const { exitCode, result } = await holdfast<{ facts: object[]; probes: object[] }>('doctor', '--repo', `s3://${bucket}/p`)
  expect(exitCode).toBe(7)
  expect(result.facts).toContainEqual({ name: 'rules that archive objects', found: 'cold (everything)' })
  const found = 'a rule of the bucket archives objects: cold (everything)'
  expect(result.probes).toContainEqual({ name: 'what is stored stays', ok: false, found })
  expect(await holdfast('repo', 'init', '--repo', `s3://${bucket}/p`)).toMatchObject(refusal('refused', /archives objects: cold/))
  await storage.put('x', patterned(10))
  proxy.next(1, ({ method }) => method === 'GET', { status: 403, code: 'InvalidObjectState' })
  expect(await failure(collect(storage.get('x')))).toMatchObject({ message: matching(/cannot read x .* in an archive/) })
})

test('[s3.lock] a server that says yes to a longer lock and makes nothing longer is found out, also behind one that is long enough', async () => {
  bucket = at.bucket = await minio.newBucket(`hostile-${randomUUID()}`, { locked: true })
  const lockedFor = (days: number) => at.open({ lock: { mode: 'COMPLIANCE', days } })
  await lockedFor(1).put('short', patterned(10))
  const asked = lockedFor(30)
  await asked.put('long', patterned(10))
  proxy.fault = ({ method, url }) => (method === 'PUT' && url.includes('?retention') ? { status: 200, page: '' } : undefined)
  await asked.keep?.('long')
  const refusedLock = {
    code: 'refused',
    message: matching(/does not make the lock of p\/short longer: expected 30 days, found a/),
  }
  expect(await failure(asked.keep!('short'))).toMatchObject(refusedLock)
  expect(await failure(asked.keep!('short'))).toMatchObject(refusedLock)
  proxy.fault = () => undefined
  await asked.keep?.('short')
})

test('[s3.lock] what another one has put in the place of an object that was to be locked is not removed for that', async () => {
  bucket = at.bucket = await minio.newBucket(`hostile-${randomUUID()}`, { locked: true })
  const theirs = { Bucket: bucket, Key: 'p/x', Body: 'theirs', Metadata: { 'holdfast-put': 'of-another' } }
  let put: Promise<unknown> | undefined
  proxy.fault = ({ method }) => (method === 'HEAD' ? (put ??= minio.client.send(new PutObjectCommand(theirs))) : undefined)
  expect(await failure(at.open({ lock: { mode: 'COMPLIANCE', days: 1 } }).put('x', patterned(10)))).toMatchObject({
    code: 'refused',
    message: matching(/^p\/x is not locked as asked: expected COMPLIANCE for 1 days, found no lock$/),
  })
  expect((await collect(at.open().get('x'))).toString()).toBe('theirs')
})

test('[s3.lock] doctor warns of a bucket that locks by itself where no lock is asked for', async () => {
  bucket = await minio.newBucket(`hostile-${randomUUID()}`, { locked: true })
  const ObjectLockConfiguration = {
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 30 } },
  } as const
  await minio.client.send(new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration }))
  minio.use()
  const found = await holdfast('doctor', '--repo', `s3://${bucket}/p`)
  expect(found.exitCode).toBe(0)
  expect(found.warnings).toEqual([matching(/locks what is stored, but --object-lock is not set.* HOLDFAST_OBJECT_LOCK_DAYS/)])
  const words = ['--object-lock', 'governance', '--object-lock-days', '30']
  expect((await holdfast('doctor', '--repo', `s3://${bucket}/p`, ...words)).warnings).toEqual([])
})
