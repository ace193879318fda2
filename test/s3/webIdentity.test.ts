import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { holdfast, refusal, succeed } from '../support/holdfast.ts'
import { minioRole, OidcIssuer } from '../support/oidcIssuer.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'

const clientId = 'holdfast-backups'
const repo = 's3://web-identity/x'

let folder: string
let issuer: OidcIssuer
let minio: S3Server
let tokenFile: string
const before = { ...process.env }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
  issuer = await OidcIssuer.start()
  minio = await startMinio(folder, {
    tls: true,
    environment: {
      MINIO_IDENTITY_OPENID_CONFIG_URL: `${issuer.url}/.well-known/openid-configuration`,
      MINIO_IDENTITY_OPENID_CLIENT_ID: clientId,
      MINIO_IDENTITY_OPENID_ROLE_POLICY: 'readwrite',
    },
  })
  await minio.newBucket('web-identity')
  minio.use()
  tokenFile = join(folder, 'token')
  // What a job of GitHub Actions or a pod has: a role, a token and no key at all.
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) delete process.env[name]
  Object.assign(process.env, {
    AWS_ROLE_ARN: minioRole(clientId),
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ENDPOINT_URL_STS: minio.options.endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
  })
})
afterAll(async () => {
  process.env = before
  await minio[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const withToken = async (token: string): Promise<void> => writeFile(tokenFile, token, { mode: 0o600 })
const good = { audience: clientId, subject: 'repo:someone/graph:ref:refs/heads/main', expiresIn: 3600 }

test('[s3.web-identity] a role and a signed token are enough to make a repository', async () => {
  await withToken(issuer.token(good))
  await succeed('repo', 'init', '--repo', repo)
  expect(await succeed('repo', 'show', '--repo', repo)).toMatchObject({ location: repo })
})

const tampered = (token: string): string => {
  const [head, claims, signature] = token.split('.')
  const changed = JSON.parse(Buffer.from(claims!, 'base64url').toString()) as object
  return [head, Buffer.from(JSON.stringify({ ...changed, sub: 'someone-else' })).toString('base64url'), signature].join('.')
}

test.each([
  ['for another audience', () => issuer.token({ ...good, audience: 'another' })],
  ['that has expired', () => issuer.token({ ...good, expiresIn: -300 })],
  ['that was tampered with', () => tampered(issuer.token(good))],
])('[s3.web-identity] [secrets.hidden] a token %s is refused with words, and shown nowhere', async (_, make) => {
  const token = make()
  await withToken(token)
  const outcome = await holdfast('repo', 'show', '--repo', repo, '--log-level', 'trace')
  expect(outcome).toMatchObject(refusal('repository', /the token service gives no credentials/))
  expect(outcome.story).not.toContain(token)
  expect(outcome.story).not.toContain(token.split('.')[2])
})
