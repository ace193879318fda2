import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resultOf, startHoldfast } from '../support/holdfast.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'

let folder: string
let minio: S3Server
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-credential-process-'))
  minio = await startMinio(folder)
  await minio.newBucket('by-program')
})
afterAll(async () => {
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

test('the program that an AWS profile names for credentials gets no password and no passphrase, which Holdfast itself does', async () => {
  const [program, config, seen] = ['program', 'config', 'seen'].map((name) => join(folder, name)) as [string, string, string]
  const { AWS_ACCESS_KEY_ID: AccessKeyId, AWS_SECRET_ACCESS_KEY: SecretAccessKey } = minio.environment
  const printed = JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey })
  writeFileSync(program, `#!/bin/sh\nenv | grep -E '^AWS_PROFILE=|PASS|not-a-secret' > ${seen}\necho '${printed}'\n`, {
    mode: 0o755,
  })
  writeFileSync(config, `[profile backups]\ncredential_process = ${program}\n`)
  const given = { AWS_PROFILE: 'backups', AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: '/dev/null' }
  const secrets = {
    HOLDFAST_PASSPHRASE: 'not-a-secret-passphrase',
    HOLDFAST_PASSWORD: 'not-a-secret-password',
    NEO4J_PASSWORD: 'not-a-secret-alias',
    NEO4J_AUTH: 'neo4j/not-a-secret-of-a-container',
  }
  const inside = [
    'env',
    // Of what the machine itself has, nothing is to look like a password.
    ...[
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      ...Object.keys(process.env).filter((name) => name.includes('PASS')),
    ].flatMap((name) => ['-u', name]),
    ...Object.entries({ ...given, ...secrets }).map(([name, value]) => `${name}=${value}`),
  ]
  const words = ['--repo', 's3://by-program/graphs', '--endpoint', minio.options.endpoint!, '--region', 'us-east-1']
  resultOf(await startHoldfast(['repo', 'init', ...words], { inside }).outcome)
  expect(readFileSync(seen, 'utf8')).toBe('AWS_PROFILE=backups\n')
  expect(resultOf(await startHoldfast(['repo', 'show', ...words], { inside }).outcome)).toMatchObject({ encrypted: true })
})
