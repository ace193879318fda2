import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Setting } from '../../../src/config/declaration.ts'
import { resolveSettings } from '../../../src/config/resolve.ts'
import { s3Settings } from '../../../src/config/s3.ts'
import { settings } from '../../../src/config/settings.ts'

const project = join(import.meta.dirname, '../../..')
const read = (path: string): string => readFileSync(join(project, path), 'utf8')
const names = [
  'BACKUP_S3_BUCKET',
  'BACKUP_S3_PREFIX',
  'BACKUP_RETENTION_DAYS',
  'BACKUP_USE_SSE_KMS',
  'BACKUP_KMS_KEY_ARN',
  'BACKUP_S3_ENDPOINT',
]
const resolve = (environment: Record<string, string>, flags: Record<string, string> = {}) =>
  resolveSettings({ flags: { config: join(project, 'config/docker.yaml'), ...flags }, environment, workingDirectory: '/' })

test('the names that backups in a bucket go by are names of settings, and in the pages', () => {
  const known = Object.values(settings).flatMap((setting: Setting<unknown>) => setting.aliases ?? [])
  expect(known.filter((name) => name.startsWith('BACKUP_')).toSorted()).toEqual(names.toSorted())
  for (const page of ['config/README.md', 'docs/neo4j/server.md']) {
    for (const name of names) expect(read(page), page).toContain(name)
  }
  for (const name of names) expect(read('config/docker.yaml')).toContain(name)
})

test('config/docker.yaml is a settings file without a secret, and gives way to the environment and flags', () => {
  const { values, warnings } = resolve({})
  expect(values).toMatchObject({ dataDir: '/data', repo: '/backups', bucket: 'my-backups', prefix: 'exports', retentionDays: 30 })
  expect(warnings).toEqual([])
  const { values: others } = resolve(
    { BACKUP_S3_BUCKET: 'theirs', BACKUP_S3_PREFIX: '/a/b/', BACKUP_RETENTION_DAYS: '7' },
    { prefix: 'flagged' },
  )
  expect(others).toMatchObject({ bucket: 'theirs', prefix: 'flagged', retentionDays: 7 })
})

test('what is said of the encryption and the server is what is asked for', () => {
  const asked = s3Settings(resolve({ BACKUP_KMS_KEY_ARN: 'arn:aws:kms:x', BACKUP_S3_ENDPOINT: 'https://s3.example.org' }))
  expect(asked).toMatchObject({
    endpoint: 'https://s3.example.org',
    region: 'eu-central-1',
    encryption: { algorithm: 'aws:kms', keyId: 'arn:aws:kms:x' },
  })
})
