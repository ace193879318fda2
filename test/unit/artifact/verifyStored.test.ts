import { expect, test } from 'vitest'
import type { RemoteObject } from '../../../src/artifact/remoteObject.ts'
import type { UploadPlan } from '../../../src/artifact/uploadPlan.ts'
import { differences, verifiedOf } from '../../../src/artifact/verifyStored.ts'

const facts = { sha256: 'ab'.repeat(32), size: 100, created_by: 'me', db_name: 'neo4j', timestamp: '2026-11-25T10:15:00.000Z' }
const key = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd'
const plan: UploadPlan = {
  file: '/f',
  uri: 's3://b/f',
  bucket: 'b',
  key: 'f',
  metaKey: 'f.meta.json',
  compress: false,
  partSize: 50,
  facts,
  size: 100,
  sha256: facts.sha256,
  read: { checksum: 'digest-2', digests: ['one', 'two'] },
  parts: 2,
  encryption: { algorithm: 'aws:kms', keyId: '1234abcd' },
}
const stored: RemoteObject = {
  size: 100,
  etag: '"e"',
  versionId: undefined,
  checksum: 'digest-2',
  modified: undefined,
  encryption: 'aws:kms',
  kmsKey: key,
  expires: undefined,
  facts,
}

test('an object that is as planned has no differences, and it is told what was compared', () => {
  expect(differences(plan, stored)).toEqual([])
  expect(verifiedOf(plan, stored)).toEqual({
    size: 100,
    sha256: facts.sha256,
    encryption: 'aws:kms',
    etag: '"e"',
    checksum: 'digest-2',
    checksumCovers: 'the digests of 2 parts',
  })
  const whole = { ...plan, parts: 1, read: { checksum: 'digest', digests: ['digest'] } }
  expect(verifiedOf(whole, { ...stored, checksum: 'digest' }).checksumCovers).toBe('the whole object')
  const lock = { mode: 'COMPLIANCE', until: '2026-12-25T10:15:00.000Z' } as const
  expect(verifiedOf(plan, stored, lock).lock).toEqual(lock)
})

test.each<[string, Partial<RemoteObject>, RegExp]>([
  ['another size', { size: 99 }, /expected 100 bytes, found 99/],
  ['another SHA-256', { facts: { ...facts, sha256: 'cd'.repeat(32) } }, /expected SHA-256 abab.*found cdcd/],
  ['no metadata', { facts: undefined }, /in its metadata, found none/],
  ['another checksum', { checksum: 'other-2' }, /expected the server's checksum digest-2, found other-2/],
  ['no encryption', { encryption: undefined }, /expected encryption aws:kms, found none/],
  ['another encryption', { encryption: 'AES256' }, /expected encryption aws:kms, found AES256/],
  ['another key', { kmsKey: `${key}9` }, /encrypted with the key 1234abcd/],
])('%s is a difference', (_, change, message) => {
  expect(differences(plan, { ...stored, ...change }).join()).toMatch(message)
})

test('what cannot be compared is not called verified', () => {
  for (const checksum of [undefined, 'digest-3', 'digest']) {
    expect(differences(plan, { ...stored, checksum })).toEqual([])
    expect(verifiedOf(plan, { ...stored, checksum })).toMatchObject({ checksum: undefined, checksumCovers: undefined })
  }
  expect(differences({ ...plan, encryption: { algorithm: 'aws:kms', keyId: 'alias/backups' } }, stored)).toEqual([])
  expect(verifiedOf({ ...plan, encryption: undefined }, stored).encryption).toBeUndefined()
  // Nothing is known to compare it with before the file is read.
  expect(differences({ ...plan, read: undefined }, stored)).toEqual([])
  expect(verifiedOf({ ...plan, read: undefined }, stored).checksum).toBeUndefined()
})
