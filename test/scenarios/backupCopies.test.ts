import { randomBytes } from 'node:crypto'
import { chmod, cp, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ValidationReport } from '../../src/backup/validateBackups.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, files, listing, makeData } from '../support/faultsData.ts'
import { asNobody, withReadOnly } from '../support/faultsProcess.ts'
import { holdfast, refusal, resultOf, startHoldfast, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

let shared: string
let dataDir: string

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-copies-'))
  dataDir = await makeData(shared, { ending: 'killed' })
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

function create(repo: string, ...more: string[]): string[] {
  return ['backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, ...more]
}

async function expectRestored(repo: string, manifest: Manifest, ...key: string[]): Promise<void> {
  const target = join(repo, '..', 'restored')
  await succeed('restore', 'start', '--skip-checks', '--id', manifest.id, '--to-dir', target, '--repo', repo, ...key)
  await expectSameFiles(dataDir, target, manifest)
}

describe('[backup.read-only] a data directory', () => {
  test('that nobody can write to, not even root, is backed up', async () =>
    withFolder('read-only', async (folder) => {
      const repo = join(folder, 'repo')
      await succeed('repo', 'init', '--repo', repo)
      const before = await listing(dataDir)
      const outcome = await startHoldfast(create(repo), { inside: withReadOnly(dataDir) }).outcome
      await expectRestored(repo, resultOf(outcome) as Manifest)
      expect(await listing(dataDir)).toEqual(before)
    }))

  test('that belongs to Neo4j is backed up by a user who may only read it', async () =>
    withFolder('unprivileged', async (folder) => {
      const [repo, copy] = [join(folder, 'repo'), join(folder, 'data')]
      await chmod(folder, 0o777)
      await cp(dataDir, copy, { recursive: true, preserveTimestamps: true })
      const run = (...words: string[]) => startHoldfast(words, { inside: asNobody }).outcome
      resultOf(await run('repo', 'init', '--repo', repo))
      const manifest = resultOf(await run('backup', 'create', '--offline', '--data-dir', copy, '--repo', repo)) as Manifest
      await expectRestored(repo, manifest)
      expect((await stat(repo)).mode & 0o777).toBe(0o700)
      for (const path of await files(repo)) expect([path, (await stat(join(repo, path))).mode & 0o777]).toEqual([path, 0o600])
    }))
})

test('[backup.incremental] [backup.delete] a second backup stores what changed, and frees what only the first one had', async () =>
  withFolder('incremental', async (folder) => {
    const [repo, own] = [join(folder, 'repo'), join(folder, 'data')]
    await cp(dataDir, own, { recursive: true, preserveTimestamps: true })
    const words = ['backup', 'create', '--offline', '--data-dir', own, '--repo', repo]
    await succeed('repo', 'init', '--repo', repo)
    // Something that only the first backup has, and later one page in the middle of a file.
    const strings = join(own, 'databases/neo4j/neostore.propertystore.db.strings')
    await writeFile(strings, randomBytes(2_000_000))
    const first = await succeed<Manifest>(...words)
    await cp(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), strings)
    const second = await succeed<Manifest>(...words)
    await using file = await open(join(own, 'databases/neo4j/neostore.propertystore.db'), 'r+')
    await file.write(randomBytes(8192), 0, 8192, 8192)
    const third = await succeed<Manifest>(...words)
    expect(third.totals.storedBytes).toBeLessThan(second.totals.size / 20)

    const target = join(folder, 'restored')
    await succeed('restore', 'start', '--skip-checks', '--to-dir', target, '--repo', repo)
    await expectSameFiles(own, target, third)
    const before = await listing(repo)
    const { plan } = await succeed<{ plan: { bytesFreed: number } }>('backup', 'delete', first.id, '--repo', repo)
    expect(await listing(repo)).toEqual(before)
    expect(plan.bytesFreed).toBeGreaterThan(0)
    const deleted = await succeed<{ plan: { bytesFreed: number } }>('backup', 'delete', first.id, '--confirm', '--repo', repo)
    expect(deleted.plan.bytesFreed).toBe(plan.bytesFreed)
    const { verdict, backups } = await succeed<ValidationReport>('backup', 'validate', '--repo', repo)
    expect([verdict, ...backups.map(({ id }) => id)]).toEqual(['good', second.id, third.id])
  }))

/** Makes a file for a flag that names one. */
function withFile(flag: string, content: string | Buffer): (folder: string) => Promise<string[]> {
  return async (folder) => {
    const path = join(folder, `${flag.slice(2)}-${randomBytes(4).toString('hex')}`)
    await writeFile(path, content, { mode: 0o600 })
    return [flag, path]
  }
}

async function contentsOf(folder: string): Promise<Buffer[]> {
  return Promise.all((await files(folder)).map(async (path) => readFile(join(folder, path))))
}

describe('[repository.encrypted] a backup under', () => {
  const keys: [string, (folder: string) => Promise<string[]>, (folder: string) => Promise<string[]>][] = [
    ['a passphrase', withFile('--passphrase-file', 'correct horse\n'), withFile('--passphrase-file', 'wrong horse\n')],
    ['a key file', withFile('--key-file', randomBytes(64)), withFile('--key-file', randomBytes(64))],
  ]
  test.each(keys)('%s does the whole round, shows nothing without it, and tells a wrong one at once', async (_, right, wrong) =>
    withFolder('encrypted', async (folder) => {
      const [plain, repo] = [join(folder, 'plain'), join(folder, 'repo')]
      const [key, other] = [await right(folder), await wrong(folder)]
      await succeed('repo', 'init', '--repo', plain)
      await succeed('repo', 'init', '--repo', repo, ...key)
      await succeed(...create(plain))
      const manifest = await succeed<Manifest>(...create(repo, ...key, '--label', 'label of the test'))
      await expectRestored(repo, manifest, ...key)
      expect(await succeed('backup', 'validate', '--repo', repo, ...key)).toMatchObject({ verdict: 'good' })

      const words = ['neostore.nodestore.db', 'databases/', 'transactions/', 'lastTransaction']
      const open = await contentsOf(plain)
      expect(words.filter((word) => !open.some((content) => content.includes(word)))).toEqual([])
      const secrets = [...words, 'label of the test', 'correct horse', '"neo4j"', 'Entity', 'the last thing written']
      const contents = await contentsOf(repo)
      expect(secrets.filter((word) => contents.some((content) => content.includes(word)))).toEqual([])

      const before = await listing(repo)
      const target = join(folder, 'nothing')
      for (const command of [['backup', 'list'], create(repo).slice(0, -2), ['restore', 'start', '--to-dir', target]]) {
        const refused = await holdfast(...command, '--repo', repo, ...other)
        expect(refused, refused.story).toMatchObject(refusal('repository', /wrong (passphrase|key file) for repository/))
        expect(refused.story).not.toContain('horse')
      }
      expect(await holdfast('backup', 'list', '--repo', repo)).toMatchObject(refusal('repository', 'is encrypted, and no'))
      expect(await holdfast('backup', 'list', '--repo', plain, ...key)).toMatchObject(refusal('repository', 'is not encrypted'))
      expect(await listing(repo)).toEqual(before)
      expect(await readdir(folder)).not.toContain('nothing')
    }),
  )
})
