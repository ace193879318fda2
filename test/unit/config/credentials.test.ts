import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { neo4jPassword, repositoryKey } from '../../../src/config/credentials.ts'
import { resolveSettings, type Settings } from '../../../src/config/resolve.ts'
import { Secret } from '../../../src/config/secret.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-credentials-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function resolve(flags: Record<string, string>, environment: Record<string, string>): Settings {
  return resolveSettings({ flags, environment, workingDirectory: folder })
}

test('a password comes from the environment or from the first line of a file', () => {
  writeFileSync(join(folder, 'password'), 'from a file\r\nnot this\n')
  expect(neo4jPassword(resolve({}, {}))).toBeUndefined()
  expect(neo4jPassword(resolve({}, { NEO4J_PASSWORD: 'from outside' }))?.reveal()).toBe('from outside')
  expect(neo4jPassword(resolve({ passwordFile: 'password' }, { NEO4J_PASSWORD: 'from outside' }))?.reveal()).toBe('from a file')
})

test('the key of a repository is a passphrase or a key file', () => {
  writeFileSync(join(folder, 'passphrase'), 'long words\n')
  writeFileSync(join(folder, 'key'), Buffer.from([1, 2, 255]))
  expect(repositoryKey(resolve({}, {}))).toBeUndefined()
  expect(repositoryKey(resolve({ keyFile: 'key' }, {}))).toEqual({ keyFile: Buffer.from([1, 2, 255]) })
  for (const settings of [resolve({ passphraseFile: 'passphrase' }, {}), resolve({}, { HOLDFAST_PASSPHRASE: 'long words' })]) {
    const key = repositoryKey(settings)
    expect(key && 'passphrase' in key && key.passphrase.reveal()).toBe('long words')
  }
})

test('two that say the same thing with the same right are refused', () => {
  const both = resolve({}, { HOLDFAST_PASSPHRASE: 'words', HOLDFAST_KEY_FILE: '/key' })
  expect(() => repositoryKey(both)).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: 'HOLDFAST_KEY_FILE and HOLDFAST_PASSPHRASE are both given and say the same thing twice',
    }),
  )
})

test('a file that is missing or empty is named with where its name came from', () => {
  writeFileSync(join(folder, 'empty'), '\n')
  expect(() => neo4jPassword(resolve({}, { NEO4J_PASSWORD_FILE: 'gone' }))).toThrow(
    `${join(folder, 'gone')} (from NEO4J_PASSWORD_FILE) is not there`,
  )
  expect(() => repositoryKey(resolve({ passphraseFile: 'empty' }, {}))).toThrow(
    '(from --passphrase-file) has an empty first line',
  )
})

describe('[secrets.hidden] a secret shows itself to nobody who does not ask', () => {
  const secret = new Secret('hunter2')
  test.each([
    ['in text', `${String(secret)}`],
    ['in JSON', JSON.stringify({ secret })],
    ['inspected', inspect({ nested: { secret } }, { depth: 5, showHidden: true })],
  ])('%s', (_, text) => {
    expect(text).toContain('[secret]')
    expect(text).not.toContain('hunter2')
  })

  test('and no flag or settings file takes one', () => {
    const settings = resolve({ password: 'hunter2', passphrase: 'hunter2' }, {})
    expect(settings.values.password).toBeUndefined()
    expect(settings.values.passphrase).toBeUndefined()
  })
})
