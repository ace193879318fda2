import { expect, test } from 'vitest'
import {
  type ArtifactFacts,
  completeFacts,
  fromDocument,
  fromMetadata,
  toDocument,
  toMetadata,
} from '../../../src/artifact/artifactFacts.ts'

const facts: ArtifactFacts = {
  sha256: 'ab'.repeat(32),
  size: 1234,
  created_by: 'holdfast 1.0.0',
  commit_sha: '4b825dc',
  db_name: 'neo4j',
  timestamp: '2026-11-25T10:15:00.000Z',
  software_version: '5.26.30',
  transaction_id: '42',
}

test('facts come back from metadata and from the object beside', () => {
  expect(fromMetadata(toMetadata(facts))).toEqual(facts)
  expect(fromDocument(toDocument(facts, { bucket: 'b', key: 'k' }))).toEqual(facts)
  expect(toMetadata(facts)).toMatchObject({ 'created-by': 'holdfast 1.0.0', size: '1234', 'db-name': 'neo4j' })
})

test('metadata is ASCII, whatever the facts are', () => {
  const odd = toMetadata({ ...facts, db_name: 'über\n\ud800', software_version: '5.26.30' })
  expect(odd['db-name']).toBe('%C3%BCber%0A%EF%BF%BD')
  for (const value of Object.values(odd)) expect(value).toMatch(/^[\x20-\x7e]*$/)
})

test('what other programs note is not taken for facts', () => {
  for (const metadata of [undefined, {}, { sha256: 'short' }, { size: '12', 'db-name': 'neo4j' }])
    expect(fromMetadata(metadata)).toBeUndefined()
  for (const text of ['', 'no JSON', '[]', '{}', 'null']) expect(fromDocument(Buffer.from(text))).toBeUndefined()
  expect(fromMetadata({ ...toMetadata(facts), 'holdfast-put': 'an id' })).toEqual(facts)
})

test('a SHA-256 that was noted by hand counts, with whatever else can be read', () => {
  const { sha256 } = facts
  expect(fromMetadata({ sha256 })).toEqual({ sha256 })
  expect(fromMetadata({ sha256, size: '-1', db_name: 'sales', timestamp: 'now' })).toEqual({ sha256, db_name: 'sales' })
  expect(completeFacts({ sha256, db_name: 'sales' }, facts)).toEqual({ ...facts, db_name: 'sales' })
  expect(completeFacts(facts, { ...facts, commit_sha: 'another' })).toEqual(facts)
})
