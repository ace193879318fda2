import { hash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  GetBucketLifecycleConfigurationCommand,
  type LifecycleRule,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lifecycleRules } from '../../src/lifecycle/rules.ts'
import { type Answer, FaultProxy } from '../support/faultProxy.ts'
import { holdfast, refusal, succeed } from '../support/holdfast.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'

interface Report {
  holds: string
  why?: string
  rules: LifecycleRule[]
  change?: { changes: { change: string; rule: LifecycleRule }[]; outcome: string; dangers: LifecycleRule[]; leftOut: object[] }
}

let folder: string
let server: S3Server
let bucket: string
let number = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-lifecycle-'))
  server = await startMinio(folder)
})
beforeEach(async () => {
  bucket = await server.newBucket(`lifecycle-${number++}`, { versioned: true })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const reach = (): string[] => ['--endpoint', server.options.endpoint!, '--region', 'us-east-1']
const lifecycle = async (...words: string[]) => succeed<Report>('s3', 'lifecycle', ...words, ...reach())
const tried = async (...words: string[]) => holdfast<Report>('s3', 'lifecycle', ...words, ...reach())
const put = async (Key: string) => server.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }))
const set = async (Rules: LifecycleRule[]) =>
  server.client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules } }))
/** As the server takes it, with what the SDK does not know. */
const setInWords = async (text: string): Promise<void> => {
  const request = new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules: [logs] } })
  request.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = Object.assign(args.request as { headers: Record<string, string> }, { body: text })
      headers['content-length'] = String(text.length)
      headers['content-md5'] = hash('md5', text, 'base64')
      for (const name of Object.keys(headers)) if (/^x-amz-(sdk-)?checksum/.test(name)) delete headers[name]
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  await server.client.send(request)
}
const stored = async (): Promise<LifecycleRule[]> => {
  const { Rules = [] } = await server.client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }))
  return Rules.toSorted((one, other) => one.ID!.localeCompare(other.ID!))
}
const logs: LifecycleRule = { ID: 'logs', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 3 } }

describe('for exported backups', () => {
  test('the difference is shown and nothing set; with --confirm it is set and other rules are kept', async () => {
    await set([logs])
    const words = ['--bucket', bucket, '--prefix', 'neo4j/dev', '--tier', 'dev', '--apply']
    const { change } = await lifecycle(...words)
    expect(change?.changes.map(({ change: what, rule }) => `${what} ${rule.ID}`)).toEqual([
      'kept logs',
      'added holdfast-expire:neo4j/dev',
      'added holdfast-markers:neo4j/dev',
    ])
    expect(change).toMatchObject({ outcome: 'differs', leftOut: [] })
    expect(await stored()).toEqual([logs])

    const after = await tried(...words, '--confirm')
    expect(after).toMatchObject({ exitCode: 0, result: { change: { outcome: 'partly-applied' } } })
    const [expire, markers, kept] = await stored()
    expect(expire).toMatchObject({
      Filter: { Prefix: 'neo4j/dev/' },
      Expiration: { Days: 7 },
      NoncurrentVersionExpiration: { NoncurrentDays: 7 },
    })
    expect(markers).toMatchObject({ Expiration: { ExpiredObjectDeleteMarker: true } })
    expect(kept).toEqual(logs)
    // MinIO removes unfinished uploads by a setting of its own, and drops this part of a rule without a word.
    const leftOut = [{ rule: 'holdfast-expire:neo4j/dev', part: 'AbortIncompleteMultipartUpload' }]
    expect(after.result.change?.leftOut).toEqual(leftOut)
    const warning =
      /did not keep the removal of unfinished uploads \(AbortIncompleteMultipartUpload of rule holdfast-expire:neo4j\/dev\)/
    expect(after.warnings).toEqual([expect.stringMatching(warning)])
    // That is no difference for ever.
    expect((await lifecycle(...words)).change).toMatchObject({ outcome: 'unchanged', leftOut })
    expect((await lifecycle(...words, '--confirm')).change).toMatchObject({ outcome: 'partly-applied', leftOut })
  })

  test('a rule of the old form, with a prefix of its own, is kept as one with a filter', async () => {
    await set([{ ID: 'old', Status: 'Enabled', Prefix: 'old/', Expiration: { Days: 3 } }])
    const { change } = await lifecycle('--bucket', bucket, '--prefix', 'neo4j', '--days', '7', '--apply', '--confirm')
    expect(change?.changes[0]).toEqual({ change: 'kept', rule: { ...logs, ID: 'old', Filter: { Prefix: 'old/' } } })
    expect((await stored()).at(-1)).toEqual({ ...logs, ID: 'old', Filter: { Prefix: 'old/' } })
  })

  test('what somebody else sets between the look and the change is not overwritten', async () => {
    await set([logs])
    await using proxy = await FaultProxy.start(server.options.endpoint!)
    let looks = 0
    proxy.fault = ({ method, url }) =>
      method === 'GET' && url.includes('?lifecycle') && ++looks === 2 ? set([{ ...logs, ID: 'theirs' }]) : undefined
    const words = ['--bucket', bucket, '--prefix', 'neo4j', '--days', '7', '--apply', '--confirm', '--region', 'us-east-1']
    const outcome = await holdfast('s3', 'lifecycle', ...words, '--endpoint', proxy.endpoint)
    expect(outcome).toMatchObject(refusal('refused', /somebody else has changed the lifecycle of s3:.* nothing was set/))
    expect((await stored()).map(({ ID }) => ID)).toEqual(['theirs'])
  })

  test('rules that hold what only their server knows are not set again without it', async () => {
    const rule =
      '<Rule><ID>logs</ID><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter>' +
      '<Expiration><Days>3</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>' +
      '<DelMarkerExpiration><Days>3</Days></DelMarkerExpiration></Rule>'
    await setInWords(`<LifecycleConfiguration>${rule}</LifecycleConfiguration>`)
    const outcome = await tried('--bucket', bucket, '--prefix', 'neo4j', '--days', '7', '--apply', '--confirm')
    expect(outcome).toMatchObject(
      refusal('refused', /would take away: ExpiredObjectAllVersions, DelMarkerExpiration; nothing was set/),
    )
    expect((await stored()).map(({ ID }) => ID)).toEqual(['logs'])
  })

  test.each([
    ['a page of something else', () => '<html><body>Please sign in.</body></html>'],
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
    ['nothing', () => ''],
  ])('%s in the place of the rules does not pass for a bucket without any', async (_, edit) => {
    await set([logs])
    await using proxy = await FaultProxy.start(server.options.endpoint!)
    const change = (answer: Answer): void => void (answer.body = Buffer.from(edit(answer.body.toString())))
    proxy.fault = ({ method, url }) => (method === 'GET' && url.includes('?lifecycle') ? { change } : undefined)
    const words = ['--bucket', bucket, '--prefix', 'neo4j', '--days', '7', '--apply', '--confirm', '--region', 'us-east-1']
    const outcome = await holdfast('s3', 'lifecycle', ...words, '--endpoint', proxy.endpoint)
    expect(outcome).toMatchObject(refusal('repository', /the server gives no whole lifecycle of s3:/))
    expect(await stored()).toEqual([logs])
  })

  test('a server that shows what was set a moment later is asked again', async () => {
    await using proxy = await FaultProxy.start(server.options.endpoint!)
    let looks = 0
    proxy.fault = ({ method, url }) =>
      method === 'GET' && url.includes('?lifecycle') && ++looks <= 4
        ? { status: 404, code: 'NoSuchLifecycleConfiguration' }
        : undefined
    const words = ['--bucket', bucket, '--prefix', 'neo4j', '--days', '7', '--apply', '--confirm', '--region', 'us-east-1']
    const { change } = await succeed<Report>('s3', 'lifecycle', ...words, '--endpoint', proxy.endpoint)
    expect([looks, change?.leftOut]).toEqual([7, [{ rule: 'holdfast-expire:neo4j', part: 'AbortIncompleteMultipartUpload' }]])
  })

  test('another tier replaces the rule, and the setting is used where nothing else tells', async () => {
    await lifecycle('--bucket', bucket, '--prefix', 'p', '--tier', 'prod', '--apply', '--confirm')
    expect((await stored())[0]?.Expiration?.Days).toBe(90)
    await lifecycle('--bucket', bucket, '--prefix', 'p', '--days', '12', '--apply', '--confirm')
    expect((await stored()).map(({ Expiration }) => Expiration?.Days)).toEqual([12, undefined])
  })

  test('nowhere near a repository', async () => {
    await put('db/repository')
    const above = await tried('--bucket', bucket, '--days', '7', '--apply', '--confirm')
    expect(above).toMatchObject(refusal('refused', `there is a repository below it, s3://${bucket}/db`))
    const inside = await tried('--bucket', bucket, '--prefix', 'db/backups', '--days', '7', '--apply', '--confirm')
    expect(inside).toMatchObject(refusal('refused', `it lies in the repository s3://${bucket}/db`))
    await expect(stored()).rejects.toMatchObject({ name: 'NoSuchLifecycleConfiguration' })
    expect((await lifecycle('--bucket', bucket, '--prefix', 'dumps', '--days', '7')).holds).toBe('artifacts')
  })
})

describe('for a repository', () => {
  test('nothing that is current expires, whatever is asked; what was set for exported backups goes', async () => {
    await succeed('repo', 'init', '--repo', `s3://${bucket}/db`, ...reach())
    await set(lifecycleRules({ prefix: 'db', days: 7, noncurrentDays: 7 }))
    const report = await lifecycle('--bucket', bucket, '--prefix', 'db', '--tier', 'dev', '--apply', '--confirm')
    expect(report).toMatchObject({
      holds: 'repository',
      why: expect.stringContaining('blocks that old backups stored are used by new ones'),
    })
    const rules = await stored()
    expect(rules).toHaveLength(1)
    expect(rules[0]).toMatchObject({ ID: 'holdfast-repository:db', NoncurrentVersionExpiration: { NoncurrentDays: 30 } })
    expect(rules[0]?.Expiration).toEqual({ ExpiredObjectDeleteMarker: true })
    expect((await lifecycle('--repo', `s3://${bucket}/db`)).rules).toEqual(report.rules)
  })

  test('none is made, and no place is called good, where a rule of the bucket would remove what is stored', async () => {
    await set([logs])
    const repo = ['--repo', `s3://${bucket}/exports/graphs`, ...reach()]
    const doctor = async () => holdfast<{ probes: object[] }>('doctor', ...repo)
    expect(await doctor()).toMatchObject({ exitCode: 0, warnings: [] })
    await lifecycle('--bucket', bucket, '--prefix', 'exports', '--tier', 'dev', '--apply', '--confirm')
    const why = 'a rule of the bucket expires objects: holdfast-expire:exports (exports/ after 7 days)'
    const { exitCode, result } = await doctor()
    expect(exitCode).toBe(7)
    expect(result.probes).toContainEqual({ name: 'what is stored stays', ok: false, found: why })
    expect(await holdfast('repo', 'init', ...repo)).toMatchObject(
      refusal('refused', /what fails: what is stored stays .* holdfast-expire:exports/),
    )
    await succeed('repo', 'init', '--repo', `s3://${bucket}/graphs`, ...reach())
  })

  test('a rule of somebody else that reaches it is a failure that names it', async () => {
    await set([logs, { ID: 'tidy', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 30 } }])
    const { exitCode, result } = await tried('--repo', `s3://${bucket}/db`, '--apply')
    expect(exitCode).toBe(6)
    expect(result.change?.dangers.map(({ ID }) => ID)).toEqual(['tidy'])
  })
})

test.each([
  ['sooner', { Days: 6 }, ['tidy']],
  ['at a date', { Date: new Date('2099-01-01T00:00:00Z') }, ['tidy']],
  ['as soon', { Days: 7 }, []],
])('a rule of somebody else that removes exported backups %s is told as it is', async (_, Expiration, dangers) => {
  await set([{ ID: 'tidy', Status: 'Enabled', Filter: { Prefix: '' }, Expiration }])
  const { exitCode, result } = await tried('--bucket', bucket, '--prefix', 'exports', '--days', '7', '--apply', '--confirm')
  expect(result.change?.dangers.map(({ ID }) => ID)).toEqual(dangers)
  expect(exitCode).toBe(dangers.length === 0 ? 0 : 6)
})

test('mistakes are refused with what to do', async () => {
  const refused = async (...words: string[]) => (await tried(...words)).error
  expect(await refused('--bucket', bucket)).toMatchObject({ code: 'usage', message: expect.stringContaining('how long') })
  expect(await refused('--days', '7', '--tier', 'dev')).toMatchObject({ code: 'usage' })
  expect(await refused('--days', '7', '--confirm')).toMatchObject({ code: 'usage' })
  expect(await refused('--days', '7', '--apply')).toMatchObject({ code: 'usage', hint: expect.stringContaining('--bucket') })
  expect(await refused('--repo', '/backups')).toMatchObject({ code: 'usage' })
  expect(await refused('--repo', 's3://one/r', '--bucket', 'two')).toMatchObject({ code: 'usage' })
  expect(await refused('--bucket', 'no-such-bucket', '--days', '7', '--apply')).toMatchObject({
    code: 'repository',
    message: expect.stringContaining('there is no such bucket'),
  })
})
