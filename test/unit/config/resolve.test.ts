import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Environment } from '../../../src/config/declaration.ts'
import { describeSource, required, resolveSettings, type Settings } from '../../../src/config/resolve.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-settings-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Given {
  flags?: Record<string, string>
  environment?: Environment
  /** The text of holdfast.yaml in the working directory. */
  file?: string
}

function resolve({ flags = {}, environment = {}, file }: Given): Settings {
  if (file !== undefined) writeFileSync(join(folder, 'holdfast.yaml'), file)
  return resolveSettings({ flags, environment, workingDirectory: folder })
}

describe('[settings.precedence] a flag beats the environment, that the settings file, that the default', () => {
  const flag = { flags: { user: 'of flag' } }
  const environment = { environment: { HOLDFAST_USER: 'of environment' } }
  const alias = { environment: { NEO4J_USER: 'of alias' } }
  const file = { file: 'user: of file\n' }
  const rows: readonly { from: string; given: Given; user: string; source: RegExp }[] = [
    { from: 'nothing', given: {}, user: 'neo4j', source: /^from the default$/ },
    { from: 'the file', given: file, user: 'of file', source: /^from .*holdfast\.yaml:1$/ },
    { from: 'an alias and the file', given: { ...alias, ...file }, user: 'of alias', source: /^from NEO4J_USER$/ },
    {
      from: 'the environment, an alias and the file',
      given: { environment: { ...alias.environment, ...environment.environment }, ...file },
      user: 'of environment',
      source: /^from HOLDFAST_USER$/,
    },
    { from: 'all', given: { ...flag, ...environment, ...file }, user: 'of flag', source: /^from --user$/ },
  ]
  test.each(rows)('$from', ({ given, user, source }) => {
    const settings = resolve(given)
    expect(settings.values.user).toBe(user)
    expect(describeSource(settings, 'user')).toMatch(source)
  })
})

test('an empty variable is not set', () => {
  expect(resolve({ environment: { HOLDFAST_USER: '' } }).values.user).toBe('neo4j')
})

test('a path is relative to the working directory, or to the settings file it stands in', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'holdfast-elsewhere-'))
  writeFileSync(join(elsewhere, 'prod.yaml'), 'data-dir: data\nrepo: /backups\n')
  const { values } = resolve({
    flags: { config: join(elsewhere, 'prod.yaml'), keyFile: 'secret.key' },
    environment: { JAVA_HOME: '../java' },
  })
  rmSync(elsewhere, { recursive: true })
  expect(values.dataDir).toBe(join(elsewhere, 'data'))
  expect(values.repo).toBe('/backups')
  expect(values.keyFile).toBe(join(folder, 'secret.key'))
  expect(values.javaHome).toBe(join(folder, '../java'))
})

test('the cache is where the desktop standard says', () => {
  expect(resolve({ environment: { XDG_CACHE_HOME: '/var/cache' } }).values.cacheDir).toBe('/var/cache/holdfast')
  expect(resolve({}).values.cacheDir).toMatch(/\.cache\/holdfast$/)
})

test('a switch understands the usual words', () => {
  expect(resolve({ environment: { HOLDFAST_QUIET: 'yes' } }).values.quiet).toBe(true)
  expect(resolve({ environment: { HOLDFAST_QUIET: '0' } }).values.quiet).toBe(false)
  expect(() => resolve({ environment: { HOLDFAST_QUIET: 'maybe' } })).toThrow(
    'HOLDFAST_QUIET: expected true or false, found "maybe"',
  )
})

test('a value that does not fit names its source, and what was expected and found', () => {
  const bad: readonly [Given, string][] = [
    [{ flags: { logLevel: 'loud' } }, '--log-level: expected one of trace, debug, info, warn, error, found "loud"'],
    [{ file: '\nlog-level: loud\n' }, 'holdfast.yaml:2: expected one of trace, debug, info, warn, error, found "loud"'],
    [
      { environment: { HOLDFAST_REPO: 'gs://bucket' } },
      'HOLDFAST_REPO: expected a directory or s3://bucket/prefix, found "gs://bucket"',
    ],
  ]
  for (const [given, message] of bad)
    expect(() => resolve(given)).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }))
})

test('what is meant to be a place in a bucket is never taken for a directory', () => {
  for (const repo of ['s3:bucket', 's3:/bucket/x', 'S3://bucket', 's3://', 's3://bucket//x'])
    expect(() => resolve({ flags: { repo } }), repo).toThrow(
      expect.objectContaining({ code: 'usage', hint: 'give it as --repo s3://my-bucket/backups' }),
    )
  expect(() => resolve({ environment: { HOLDFAST_REPO: 's3:bucket' } })).toThrow(
    expect.objectContaining({ hint: 'give it as HOLDFAST_REPO=s3://my-bucket/backups' }),
  )
  expect(resolve({ flags: { repo: './s3:bucket' } }).values.repo).toBe(join(folder, 's3:bucket'))
})

test('an empty prefix is none, whatever weaker sources say', () => {
  const environment = { BACKUP_S3_PREFIX: 'neo4j/prod' }
  expect(resolve({ environment }).values.prefix).toBe('neo4j/prod')
  for (const prefix of ['', '/']) expect(resolve({ environment, flags: { prefix } }).values.prefix).toBe('')
})

test('what is required and missing says how to give it', () => {
  expect(() => required(resolve({}), 'dataDir')).toThrow(
    expect.objectContaining({
      code: 'usage',
      hint: 'give --data-dir, or set HOLDFAST_DATA_DIR, or put data-dir in holdfast.yaml',
    }),
  )
  expect(required(resolve({ flags: { dataDir: '/data' } }), 'dataDir')).toBe('/data')
})

test('an unknown HOLDFAST_ variable is a warning with the nearest name', () => {
  expect(resolve({ environment: { HOLDFAST_DATADIR: '/data' } }).warnings).toEqual([
    'HOLDFAST_DATADIR is not a setting; did you mean HOLDFAST_DATA_DIR?',
  ])
})

test('a settings file that was asked for must be there', () => {
  expect(() => resolve({ flags: { config: 'gone.yaml' } })).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: `the settings file ${join(folder, 'gone.yaml')} cannot be read: there is no such file`,
    }),
  )
})

test.each([
  ['bolt://localhost:7687', undefined],
  ['neo4j+ssc://[::1]:7687', undefined],
  ['bolt+s://db.example.org', undefined],
  ['http://localhost', 'one of bolt://, bolt+s://'],
  ['localhost:7687', 'one of bolt://, bolt+s://'],
  ['bolt+x://localhost', 'one of bolt://, bolt+s://'],
  ['bolt://host:7687?x=1', 'nothing but a host and a port'],
  ['bolt://host:7687/', 'nothing but a host and a port'],
  ['bolt://host:99999', 'a port from 1 to 65535'],
  ['bolt://host:0', 'a port from 1 to 65535'],
  ['bolt://neo4j:hunter2@host', 'without user and password'],
])('the URI of a server may be %s: %s', (uri, problem) => {
  const attempt = () => resolve({ flags: { uri } }).values.uri
  if (problem === undefined) expect(attempt()).toBe(uri)
  else
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining(problem),
        hint: 'give it as --uri bolt://localhost:7687',
      }),
    )
})

test('a value that does not fit is shown as it would be right where it was given', () => {
  const hints: readonly [Given, string][] = [
    [{ flags: { archiveInterval: 'soon' } }, 'give it as --archive-interval 1s'],
    [{ environment: { HOLDFAST_ARCHIVE_INTERVAL: 'soon' } }, 'give it as HOLDFAST_ARCHIVE_INTERVAL=1s'],
    [{ file: 'archive-interval: soon\n' }, 'give it as archive-interval: 1s'],
  ]
  for (const [given, hint] of hints) expect(() => resolve(given)).toThrow(expect.objectContaining({ code: 'usage', hint }))
})
