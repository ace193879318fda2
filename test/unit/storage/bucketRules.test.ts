import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bucketLifecycle } from '../../../src/lifecycle/bucketLifecycle.ts'
import { changeLifecycle, planLifecycle } from '../../../src/lifecycle/lifecyclePlan.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import { probeStorage, requireProbes } from '../../../src/storage/probe.ts'
import { openBucket } from '../../../src/storage/s3/bucket.ts'
import { s3Storage } from '../../../src/storage/s3/s3Storage.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { failure } from '../../support/streams.ts'

const credentials = { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'not-a-secret' }

/** A server that has nothing but rules. */
let server: Server
let told: { status: number; page: string }
let sent: string[]
let options: { endpoint: string; region: string; attempts: number }
/** Does all that a repository needs, at a place with these rules. */
let storage: Storage
beforeAll(async () => {
  Object.assign(process.env, credentials)
  server = createServer((request, response) => {
    const url = request.url ?? ''
    sent.push(`${request.method} ${url.replace(/\?.*?\b(lifecycle|list-type)\b.*/, '?$1')}`)
    const isList = url.includes('list-type')
    const { status, page } = isList
      ? { status: 200, page: '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>' }
      : told
    request.resume().once('end', () => response.writeHead(status).end(page))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  options = { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, region: 'us-east-1', attempts: 2 }
  const { danger, facts } = s3Storage({ bucket: 'bucket', prefix: 'graphs' }, options)
  storage = { ...memoryStorage(), danger: danger!, facts: facts! }
})
beforeEach(() => {
  sent = []
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const lifecycle = (...rules: string[]) =>
  `<LifecycleConfiguration>${rules.map((rule) => `<Rule>${rule}</Rule>`).join('')}</LifecycleConfiguration>`
const error = (code: string) => `<Error><Code>${code}</Code><Message>as it is</Message></Error>`
const answer = (status: number, page: string) => void (told = { status, page })
const stays = async () => (await probeStorage(storage)).find(({ name }) => name === 'what is stored stays')
const init = async () => requireProbes(storage, await probeStorage(storage))
const matching = (text: RegExp): string => expect.stringMatching(text) as string
const foreign = '<Action><Delete/></Action><Condition><Age>30</Age></Condition>'
const on = '<Status>Enabled</Status>'

describe('a place is good for a repository', () => {
  test.each([
    [404, error('NoSuchLifecycleConfiguration')],
    [404, error('NoSuchLifecycle')],
    [204, ''],
    [200, lifecycle()],
    [200, lifecycle(`${on}<Filter><Prefix>logs/</Prefix></Filter>${foreign}`)],
    [200, lifecycle(`<Status>Disabled</Status>${foreign}`)],
    [200, lifecycle(`${on}<DelMarkerExpiration><Days>3</Days></DelMarkerExpiration>`)],
    [
      200,
      lifecycle().replace('</LifecycleConfiguration>', '<ExpiryUpdatedAt>2026-11-29</ExpiryUpdatedAt></LifecycleConfiguration>'),
    ],
  ])('where the rules are answered with %i %s', async (status, page) => {
    answer(status, page)
    expect(await stays()).toEqual({ name: 'what is stored stays', ok: true })
    await init()
  })
})

describe('that what is stored stays is not known, and a repository can be made', () => {
  const role = 'this role may not ask for the rules of the bucket'
  const silent = 'the server does not tell the rules of the bucket'
  test.each([
    [403, error('AccessDenied'), role],
    [403, '', role],
    [405, error('MethodNotAllowed'), silent],
    [501, error('NotImplemented'), silent],
    [400, error('InvalidRequest'), silent],
    [400, error('NotImplemented'), silent],
    [404, '<html><body>Not here.</body></html>', silent],
    [404, '<!DOCTYPE html><html><body><br></body></html>', silent],
    [404, '<html><br></html>', silent],
  ])('where the rules are answered with %i %s', async (status, page, found) => {
    answer(status, page)
    expect(await stays()).toEqual({ name: 'what is stored stays', ok: true, unknown: true, found })
    await init()
  })
})

describe('no repository is made, with what to do', () => {
  const moveOn = matching(/another prefix for the repository/)
  test.each([
    ['a rule that Holdfast cannot read', 200, lifecycle(foreign), 'Action, Delete, Condition, Age', moveOn],
    [
      'such a rule that is on',
      200,
      lifecycle(`${on}<Filter><Prefix>graphs/packs/</Prefix></Filter><AllVersionsExpiration/>`),
      'AllVersionsExpiration',
      moveOn,
    ],
    [
      'something else than rules',
      200,
      '<LifecycleConfiguration><Policy>30</Policy></LifecycleConfiguration>',
      'know: Policy',
      moveOn,
    ],
    [
      'something else beside rules',
      200,
      lifecycle('<Status>Disabled</Status>').replace('</Rule>', '</Rule><Policy/>'),
      'know: Policy',
      moveOn,
    ],
    ['a rule in another form', 200, lifecycle(`${on}<Expiry/>`).replace('<Rule>', '<Rule n="1">'), 'know: Expiry', moveOn],
    ['a rule that removes', 200, lifecycle(`${on}<Expiration><Days>3</Days></Expiration>`), 'everything after 3 days', moveOn],
    ['no bucket', 404, error('NoSuchBucket'), 'there is no such bucket', matching(/create the bucket/)],
    ['trouble', 500, error('InternalError'), 'InternalError', matching(/see what the server says/)],
    ['a page', 203, '<html><body>Please sign in.</body></html>', 'no whole lifecycle', matching(/whether a proxy answers/)],
    [
      'a list',
      200,
      '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>',
      'no whole lifecycle',
      matching(/whether a proxy/),
    ],
  ])('where the answer is %s', async (_, status, page, found, hint) => {
    answer(status, page)
    expect(await stays()).toMatchObject({ ok: false, found: matching(new RegExp(found)) })
    expect(await failure(init())).toMatchObject({
      code: 'refused',
      message: matching(/what fails: what is stored stays \(/),
      hint,
    })
  })
})

test.each([
  ['STANDARD_IA', undefined],
  ['INTELLIGENT_TIERING', undefined],
  ['GLACIER_IR', undefined],
  ['CLOUDTIER', { ok: true, unknown: true, found: matching(/moves objects to a class that Holdfast does not know: CLOUDTIER$/) }],
  ['DEEP_ARCHIVE', { ok: false, found: matching(/archives objects/) }],
])('a rule that moves objects to %s', async (name, expected) => {
  answer(200, lifecycle(`<ID>r</ID>${on}<Transition><Days>30</Days><StorageClass>${name}</StorageClass></Transition>`))
  expect(await stays()).toMatchObject(expected ?? { ok: true })
  expect((await stays())?.unknown).toBe(expected !== undefined && 'unknown' in expected ? true : undefined)
})

test.each(['<Tag></Tag>', '<Prefix></Prefix><Tag></Tag>', '<And><Prefix></Prefix><Tag><Key></Key></Tag></And>'])(
  'a rule with the filter %s is for all objects',
  async (filter) => {
    answer(200, lifecycle(`<ID>r</ID>${on}<Filter>${filter}</Filter><Expiration><Days>3</Days></Expiration>`))
    expect(await stays()).toMatchObject({ ok: false, found: matching(/expires objects: r/) })
  },
)

test('what rules do that cannot be read is not known, and what others do is told beside it', async () => {
  answer(200, lifecycle(foreign, `${on}<Expiration><Days>3</Days></Expiration><ID>tidy</ID>`))
  const facts = (await storage.facts!()).filter(({ name }) => /rules|unfinished/.test(name))
  const unknown = 'unknown: rules that hold what Holdfast does not know: Action, Delete, Condition, Age'
  expect(facts.map(({ found }) => found)).toEqual([unknown, `tidy (everything after 3 days), ${unknown}`, unknown])
})

describe('the rules of others are never set without them', () => {
  const set = async (confirm: boolean) => {
    const { signal } = new AbortController()
    const opened = bucketLifecycle(openBucket('bucket', options), 'dumps')
    const order = {
      bucket: 'bucket',
      prefix: 'dumps',
      isRepository: false,
      days: 7,
      noncurrentDays: undefined,
      lifecycle: opened,
    }
    return changeLifecycle(opened, await planLifecycle(order, signal), { confirm, signal })
  }

  test.each([
    [203, '<html><body>Please sign in.</body></html>'],
    [200, '<html><body>Please sign in.</body></html>'],
    [404, '<html><body>Not here.</body></html>'],
    [404, '<!DOCTYPE html><html><body><br></body></html>'],
  ])('where a proxy answers with %i %s', async (status, page) => {
    answer(status, page)
    expect(await failure(set(true))).toMatchObject({ code: 'repository' })
    expect(sent.filter((request) => request.startsWith('PUT'))).toEqual([])
  })

  test('where one holds what is not known, which is told before', async () => {
    answer(200, lifecycle(foreign))
    expect(await set(false)).toMatchObject({ outcome: 'differs', unknown: ['Action', 'Delete', 'Condition', 'Age'], dangers: [] })
    expect(await failure(set(true))).toMatchObject({ code: 'refused', message: matching(/would take away: Action/) })
    expect(sent.filter((request) => request.startsWith('PUT'))).toEqual([])
  })
})
