import { expect, test } from 'vitest'
import { databaseNameProblem } from '../../../src/artifact/databaseName.ts'
import { sourceOf } from '../../../src/artifact/verifySource.ts'

const none = { s3Uri: undefined, bucket: undefined, key: undefined, prefix: '', file: undefined }

test('an object is named by its URI, or by bucket and key; a bucket alone, as settings have it, disturbs nothing', () => {
  const object = { kind: 'object', bucket: 'my-backups', key: 'neo4j/a b.dump', uri: 's3://my-backups/neo4j/a b.dump' }
  expect(sourceOf({ ...none, s3Uri: object.uri, bucket: 'other' })).toEqual(object)
  expect(sourceOf({ ...none, bucket: object.bucket, key: object.key })).toEqual(object)
  expect(sourceOf({ ...none, bucket: 'other', file: '/a.dump' })).toEqual({ kind: 'file', path: '/a.dump' })
})

test('what the keys of uploads begin with may be left out of a key', () => {
  const uriOf = (key: string, prefix = 'neo4j/prod'): unknown =>
    Object.entries(sourceOf({ ...none, bucket: 'my-backups', prefix, key })).find(([name]) => name === 'uri')?.[1]
  const uri = 's3://my-backups/neo4j/prod/a.dump'
  expect([uriOf('a.dump'), uriOf('neo4j/prod/a.dump'), uriOf('neo4j/prod/a.dump', '')]).toEqual([uri, uri, uri])
  expect(uriOf('neo4j/production.dump')).toBe('s3://my-backups/neo4j/prod/neo4j/production.dump')
})

test.each([
  's3://',
  's3://my..backups/key',
  's3://my-backups',
  's3://my-backups/',
  's3://my-backups/folder/',
  's3://UPPER/key',
  's3://my-backups/a\u0000b',
  'https://x/y',
])('%j names no object', (s3Uri) => expect(() => sourceOf({ ...none, s3Uri })).toThrow('expected s3://bucket/key'))

test('names of databases are those of Neo4j', () => {
  expect(['neo4j', 'sales.eu-1', 'a'.repeat(63)].map(databaseNameProblem)).toEqual([undefined, undefined, undefined])
  for (const name of ['', 'ab', '1abc', '../up', 'a/b', 'a b', 'a'.repeat(64)])
    expect(databaseNameProblem(name)).toMatch(/^expected/)
})
