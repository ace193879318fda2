import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as credentials from '../../../src/config/credentials.ts'
import { resolveSettings, type Settings } from '../../../src/config/resolve.ts'
import { Secret } from '../../../src/config/secret.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-credentials-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const warnings: string[] = []
beforeEach(() => void warnings.splice(0))
const neo4jPassword = (settings: Settings) => credentials.neo4jPassword(settings, (message) => warnings.push(message))
const repositoryKey = (settings: Settings) => credentials.repositoryKey(settings, (message) => warnings.push(message))

function resolve(flags: Record<string, string>, environment: Record<string, string>): Settings {
  return resolveSettings({ flags, environment, workingDirectory: folder })
}

test('a password comes from the environment or from the first line of a file', () => {
  writeFileSync(join(folder, 'password'), 'from a file\r\nnot this\n')
  expect(neo4jPassword(resolve({}, {}))).toBeUndefined()
  expect(neo4jPassword(resolve({}, { NEO4J_PASSWORD: 'not-a-secret' }))?.reveal()).toBe('not-a-secret')
  expect(neo4jPassword(resolve({ passwordFile: 'password' }, { NEO4J_PASSWORD: 'not-a-secret' }))?.reveal()).toBe('from a file')
})

test('the key of a repository is a passphrase or a key file', () => {
  writeFileSync(join(folder, 'passphrase'), 'not-a-secret but long\n')
  const key = Buffer.alloc(16, 255)
  writeFileSync(join(folder, 'key'), key)
  expect(repositoryKey(resolve({}, {}))).toBeUndefined()
  expect(repositoryKey(resolve({ keyFile: 'key' }, {}))).toEqual({ keyFile: key })
  for (const settings of [
    resolve({ passphraseFile: 'passphrase' }, {}),
    resolve({}, { HOLDFAST_PASSPHRASE: 'not-a-secret but long' }),
  ]) {
    const words = repositoryKey(settings)
    expect(words && 'passphrase' in words && words.passphrase.reveal()).toBe('not-a-secret but long')
  }
})

test('two that say the same thing with the same right are refused', () => {
  const both = resolve({}, { HOLDFAST_PASSPHRASE: 'not-a-secret', HOLDFAST_KEY_FILE: '/key' })
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

test('a byte order mark is no part of a passphrase, and what is no UTF-8 text is none', () => {
  const given = (content: Buffer) => {
    writeFileSync(join(folder, 'passphrase'), content)
    return repositoryKey(resolve({ passphraseFile: 'passphrase' }, {}))
  }
  expect(given(Buffer.from('\ufefflong wörds\n'))).toEqual({ passphrase: new Secret('long wörds') })
  const key = given(Buffer.from('\ufefflong wörds\r\n'))
  expect(key && 'passphrase' in key && key.passphrase.reveal()).toBe('long wörds')
  for (const content of [Buffer.from('wörds', 'latin1'), Buffer.from('words', 'utf16le'), Buffer.from('\ufeffwords', 'utf16le')])
    expect(() => given(content)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('is not UTF-8 text'), hint: expect.anything() }),
    )
})

test('a key that could be guessed is refused', () => {
  writeFileSync(join(folder, 'key'), Buffer.alloc(15, 1))
  expect(() => repositoryKey(resolve({ keyFile: 'key' }, {}))).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: expect.stringContaining('holds 15 bytes, expected at least 16'),
      hint: expect.stringContaining('head -c 32 /dev/urandom'),
    }),
  )
})

test.each([
  [0o604, 1],
  [0o640, 0],
  [0o600, 0],
])('a file of mode %o that everybody can read is warned of: %i', (mode, count) => {
  for (const [flag, read] of [
    ['passwordFile', neo4jPassword],
    ['passphraseFile', repositoryKey],
    ['keyFile', repositoryKey],
  ] as const) {
    writeFileSync(join(folder, flag), 'sixteen long words')
    chmodSync(join(folder, flag), mode)
    read(resolve({ [flag]: flag }, {}))
  }
  expect(warnings).toHaveLength(3 * count)
  expect(warnings.every((warning) => /everybody .* chmod 600/.test(warning))).toBe(true)
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
