import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { s3Storage } from '../../src/storage/s3/s3Storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { assumeRole, withEnvironment } from '../support/awsRoles.ts'
import { holdfast, type Outcome, refusal, resultOf } from '../support/holdfast.ts'
import { RoleServer } from '../support/roleServer.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'

type Keys = Record<string, string>

let folder: string
let minio: S3Server
let roles: RoleServer
let full: Keys
let number = 0
let bucket: string
const before = { ...process.env }

const startUrl = 'https://sign-on.example/start'
const allowed = (...actions: string[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: ['arn:aws:s3:::*'] }] })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-role-keys-'))
  minio = await startMinio(folder)
  full = await assumeRole(minio, allowed('s3:*'))
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  const config = `[profile backups]
sso_session = company
sso_account_id = 111122223333
sso_role_name = backups
[sso-session company]
sso_start_url = ${startUrl}
sso_region = eu-central-1
`
  await writeFile(join(folder, 'config'), config)
  await mkdir(join(folder, '.aws/sso/cache'), { recursive: true })
})
beforeEach(async () => {
  roles = await RoleServer.start()
  bucket = `role-keys-${number++}`
  await withEnvironment(minio.environment, async () => minio.newBucket(bucket))
  minio.use()
  return async () => roles[Symbol.asyncDispose]()
})
afterAll(async () => {
  process.env = before
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const ofMachine = (): Keys => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: roles.url })
const ofContainer = (): Keys => ({
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `${roles.url}/container`,
  AWS_CONTAINER_AUTHORIZATION_TOKEN: roles.authorization,
})

/** The same with a token in a file, as Kubernetes gives it. */
async function ofPod(): Promise<Keys> {
  const file = join(folder, 'authorization')
  await writeFile(file, roles.authorization, { mode: 0o600 })
  return { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${roles.url}/container`, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file }
}

/** What is there once somebody has signed on with `aws sso login`. */
async function ofPerson(): Promise<Keys> {
  const cached = join(folder, '.aws/sso/cache', `${createHash('sha1').update('company').digest('hex')}.json`)
  const token = { startUrl, region: 'eu-central-1', accessToken: roles.signedOn, expiresAt: inAnHour() }
  await writeFile(cached, JSON.stringify(token), { mode: 0o600 })
  return { HOME: folder, AWS_PROFILE: 'backups', AWS_CONFIG_FILE: join(folder, 'config'), AWS_ENDPOINT_URL_SSO: roles.url }
}

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString()

function expectNoSecrets({ story }: Outcome): void {
  const secrets = [full['AWS_SECRET_ACCESS_KEY'], full['AWS_SESSION_TOKEN'], roles.session, roles.authorization, roles.signedOn]
  for (const secret of secrets) expect(story).not.toContain(secret)
}

test.each([
  ['the role of a machine', ofMachine],
  ['the role of a container', ofContainer],
  ['the role of a pod', ofPod],
  ['single sign-on', ofPerson],
])('[secrets.hidden] %s is enough to make a repository, and what it hands out is shown nowhere', async (_, environment) => {
  roles.keys = [full]
  await withEnvironment(await environment(), async () => {
    const repo = `s3://${bucket}/x`
    const made = await holdfast('repo', 'init', '--repo', repo, '--log-level', 'trace')
    resultOf(made)
    const shown = await holdfast('repo', 'show', '--repo', repo, '--log-level', 'trace')
    expect(resultOf(shown)).toMatchObject({ location: repo })
    expect(roles.handedOut).toBe(2)
    for (const outcome of [made, shown]) expectNoSecrets(outcome)
  })
})

test.each([
  ['a machine without a role', async () => ofMachine(), () => (roles.keys = [])],
  [
    'a container with another token',
    async () => ({ ...ofContainer(), AWS_CONTAINER_AUTHORIZATION_TOKEN: 'not-the-one' }),
    () => {},
  ],
  ['a sign-on that has ended', ofPerson, () => (roles.signedOn = 'another')],
] as [string, () => Promise<Keys>, () => void][])(
  '[errors.clear] [secrets.hidden] %s is refused with words',
  async (_, environment, change) => {
    roles.keys = [full]
    const given = await environment()
    change()
    await withEnvironment(given, async () => {
      const outcome = await holdfast('repo', 'show', '--repo', `s3://${bucket}/x`, '--log-level', 'trace')
      expect(outcome).toMatchObject(refusal('repository', /credentials/))
      expectNoSecrets(outcome)
      expect(outcome.story).not.toContain('not-the-one')
    })
  },
)

describe.each([
  ['machine', ofMachine],
  ['container', ofContainer],
])('keys of the role of a %s', (_, environment) => {
  let storage: Storage
  let puts = 0
  const put = async (): Promise<void> => storage.put(`object-${puts++}`, Buffer.from('x'))
  const refused = { code: 'repository', message: expect.stringContaining('AccessDenied') as string }
  beforeEach(async () => {
    roles.keys = [await assumeRole(minio, allowed('s3:GetObject')), full]
    storage = s3Storage({ bucket, prefix: 'x' }, minio.options)
  })

  test('are used as long as they are good', async () =>
    withEnvironment(environment(), async () => {
      for (let times = 0; times < 5; times++) await expect(put()).rejects.toMatchObject(refused)
      expect(roles.handedOut).toBe(1)
    }))

  // The first keys may not put, so a put that succeeds has later ones.
  test('are renewed by a process that goes on, before they end', async () =>
    withEnvironment(environment(), async () => {
      roles.life = 240_000
      await expect(put()).rejects.toMatchObject(refused)
      let isRefused = true
      while (isRefused)
        isRefused = await put().then(
          () => false,
          (error: unknown) => expect(error).toMatchObject(refused) ?? true,
        )
      expect(roles.handedOut).toBeGreaterThan(1)
    }))
})
