import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildServices } from '../../../src/app.ts'
import { grammar } from '../../../src/cli/commands.ts'
import { runProgram } from '../../../src/cli/program.ts'
import { manifestName } from '../../../src/repository/names.ts'
import { openRepository } from '../../../src/repository/repository.ts'
import { directoryStorage } from '../../../src/storage/directory.ts'
import { backUp } from '../../support/smallBackup.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-repo-'))
  writeFileSync(join(folder, 'passphrase'), 'long words\n', { mode: 0o600 })
  writeFileSync(join(folder, 'other'), 'other words\n', { mode: 0o600 })
  writeFileSync(join(folder, 'key'), Buffer.alloc(32, 1), { mode: 0o600 })
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs a command with --json in the folder and returns its status and the object it printed. */
async function run(...words: string[]): Promise<{ status: number; printed: Record<string, unknown> }> {
  let printed = ''
  const stream = { write: (text: string) => (printed += text) }
  const status = await runProgram(
    grammar(),
    {
      words: [...words, '--json'],
      environment: { HOLDFAST_REPO: 'backups' },
      workingDirectory: folder,
      stdout: stream,
      stderr: stream,
      signal: new AbortController().signal,
    },
    buildServices,
  )
  return { status, printed: JSON.parse(printed) }
}

test('a repository is made once, and shown', async () => {
  const made = await run('repo', 'init')
  expect(made).toMatchObject({ status: 0, printed: { location: join(folder, 'backups'), encrypted: false } })
  expect(await run('repo', 'show')).toMatchObject({
    status: 0,
    printed: { id: made.printed['id'], encrypted: false, backups: 0, damaged: [], objects: 1, restoredBytes: 0 },
  })
  expect(await run('repo', 'init')).toMatchObject({ status: 7, printed: { error: { code: 'refused' } } })
})

test('[repository.encrypted] an encrypted repository says at once that the key is wrong, missing or of the wrong kind', async () => {
  expect(await run('repo', 'init', '--passphrase-file', 'passphrase')).toMatchObject({ status: 0, printed: { encrypted: true } })
  expect(await run('repo', 'show', '--passphrase-file', 'passphrase')).toMatchObject({ status: 0, printed: { encrypted: true } })
  const refusals: readonly [string[], string][] = [
    [['--passphrase-file', 'other'], 'wrong passphrase for repository'],
    [['--key-file', 'key'], 'opens with a passphrase, and a key file was given'],
    [[], 'no passphrase or key file was given'],
  ]
  for (const [flags, message] of refusals) {
    const refused = await run('repo', 'show', ...flags)
    expect(refused).toMatchObject({
      status: 5,
      printed: { error: { code: 'repository', message: expect.stringContaining(message) } },
    })
    expect(JSON.stringify(refused)).not.toContain('words')
  }
})

/** What a command says to a person. */
async function text(...words: string[]): Promise<string> {
  let printed = ''
  const stream = { write: (said: string) => (printed += said) }
  const signal = new AbortController().signal
  const surroundings = { environment: {}, workingDirectory: folder, stdout: stream, stderr: stream, signal }
  await runProgram(grammar(), { words, ...surroundings }, buildServices)
  return printed
}

test('an encrypted repository is made with the advice to keep its key elsewhere', async () => {
  const made = await text('repo', 'init', '--repo', 'one', '--key-file', 'key')
  expect(made).toContain('keep a copy of its passphrase or key file in another place')
  expect(await text('repo', 'init', '--repo', 'two')).not.toContain('keep a copy')
})

test('the status of an archive that nobody has begun says so, and what to do', async () => {
  await run('repo', 'init')
  const status = ['archive', 'status', '--repo', 'backups']
  const empty = await text(...status)
  expect(empty).toMatch(/nothing is archived: .*`holdfast archive run`/)
  expect(empty).toMatch(/nothing can be restored yet: .*`holdfast backup create`/)
  const repository = await openRepository(directoryStorage(join(folder, 'backups')))
  for (const _ of [1, 2]) await backUp(repository, { a: Buffer.from('content') })
  const backedUp = await text(...status)
  expect(backedUp).toMatch(/nothing is archived/)
  expect(backedUp.match(/neo4j +transaction 21 of/g)).toHaveLength(1)
})

test('a key file that is missing stops before anything is made', async () => {
  expect(await run('repo', 'init', '--key-file', 'gone')).toMatchObject({ status: 2, printed: { error: { code: 'usage' } } })
  expect(readdirSync(folder)).not.toContain('backups')
})

test('[damage.detected] a damaged manifest is named, hides no other backup and is an integrity failure', async () => {
  await run('repo', 'init')
  await directoryStorage(join(folder, 'backups')).put(manifestName('20261122T101500Z-3f9a1c'), Buffer.from('not a manifest'))
  expect(await run('repo', 'show')).toMatchObject({
    status: 4,
    printed: { backups: 0, damaged: ['20261122T101500Z-3f9a1c'], objects: 2 },
  })
})
