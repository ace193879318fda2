import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { resolveSettings } from '../../../src/config/resolve.ts'
import { s3Settings } from '../../../src/config/s3.ts'
import { parseS3Uri, s3Uri } from '../../../src/core/s3Uri.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-s3-settings-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const resolve = (environment: Record<string, string>, flags: Record<string, string> = {}) =>
  s3Settings(resolveSettings({ flags, environment, workingDirectory: folder }))

test('the names that other tools use are understood', () => {
  expect(
    resolve({
      AWS_REGION: 'eu-central-1',
      BACKUP_S3_ENDPOINT: 'https://s3.example.org:9000',
      BACKUP_USE_SSE_KMS: 'true',
      BACKUP_KMS_KEY_ARN: 'arn:aws:kms:eu-central-1:111122223333:key/1',
    }),
  ).toMatchObject({
    region: 'eu-central-1',
    endpoint: 'https://s3.example.org:9000',
    encryption: { algorithm: 'aws:kms', keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1' },
    lock: undefined,
  })
  expect(resolve({}, { objectLock: 'compliance', objectLockDays: '30' }).lock).toEqual({ mode: 'COMPLIANCE', days: 30 })
  expect(resolve({}).isUnlockedMeant).toBe(false)
  expect(resolve({ HOLDFAST_OBJECT_LOCK: 'none' }).isUnlockedMeant).toBe(true)
  expect(resolve({}, { sse: 'none' }).encryption).toBeUndefined()
  expect(resolve({ BACKUP_USE_SSE_KMS: 'true' }, { sse: 'AES256' }).encryption?.algorithm).toBe('AES256')
})

test.each([
  [{ objectLock: 'governance' }, {}, /for how long/],
  [{ kmsKey: 'key' }, {}, /not aws:kms/],
  [
    {},
    { HOLDFAST_SSE: 'AES256', BACKUP_USE_SSE_KMS: 'true' },
    /HOLDFAST_SSE and BACKUP_USE_SSE_KMS ask for different encryptions/,
  ],
  [{ objectLockDays: '0' }, {}, /number of days/],
  [{ endpoint: 'https://user:password@host' }, {}, /expected a URL/],
  [{ endpoint: 'host:9000' }, {}, /expected a URL/],
  [{ caFile: 'missing.pem' }, {}, /cannot be read/],
])('%j with %j is refused', (flags, environment, message) => {
  expect(() => resolve(environment, flags)).toThrow(message)
})

test('a file of certificates must hold one', () => {
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, 'nothing')
  expect(() => resolve({}, { caFile })).toThrow(/holds no certificate/)
  writeFileSync(caFile, '-----BEGIN CERTIFICATE-----\n')
  expect(resolve({}, { caFile }).certificates).toContain('BEGIN')
})

test('a place in a bucket is written in one way', () => {
  for (const [text, bucket, prefix] of [
    ['s3://bucket', 'bucket', ''],
    ['s3://bucket/', 'bucket', ''],
    ['s3://my.bucket-1/a/b/', 'my.bucket-1', 'a/b'],
  ] as const) {
    expect(parseS3Uri(text)).toEqual({ bucket, prefix })
    expect(s3Uri({ bucket, prefix })).toBe(text.replace(/\/$/, ''))
  }
})

test.each([
  's3://',
  's3://a',
  's3://Bucket',
  's3://bucket//x',
  's3://bucket/../x',
  's3://bucket/a b',
  's3://bucket/.x',
  'S3://bucket',
  's3://a..b/x',
])('the place %s is refused', (text) => {
  expect(() => parseS3Uri(text)).toThrow(/expected/)
})
