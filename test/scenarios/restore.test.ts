import { chmod, chown, lstat, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isRunning } from '../../src/neo4j/dataDirectory.ts'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, files, listing, makeData } from '../support/faultsData.ts'
import { after, atEntry } from '../support/faultsMoment.ts'
import { holdfast, refusal, resultOf, startHoldfast, succeed } from '../support/holdfast.ts'
import { startIn, withFolder } from '../support/neo4j.ts'

const isRoot = process.getuid?.() === 0
/** The user and group that Neo4j's own packages and images run it as. */
const neo4jUser = isRoot ? 7474 : process.getuid!()
const neo4jGroup = isRoot ? 7474 : process.getgid!()

let shared: string
let dataDir: string
let repo: string
let manifest: Manifest

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-restore-'))
  dataDir = await makeData(shared, { ending: 'killed' })
  for (const path of await files(dataDir)) {
    await chown(join(dataDir, path), neo4jUser, neo4jGroup)
    await chmod(join(dataDir, path), 0o640)
  }
  repo = join(shared, 'repo')
  await succeed('repo', 'init', '--repo', repo)
  manifest = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

function restore(target: string, ...more: string[]): string[] {
  return ['restore', 'start', '--repo', repo, '--to-dir', target, ...more]
}

async function journal(target: string): Promise<{ state: string }> {
  return JSON.parse(await readFile(`${target}.holdfast-restore.json`, 'utf8')) as { state: string }
}

test('[restore.exact] [restore.refused] a restore is planned, done, checked, owned by the user of Neo4j, and never done again', async () =>
  withFolder('restore', async (folder) => {
    const target = join(folder, 'new', 'data')
    const { plan } = await succeed<{ plan: object }>(...restore(target, '--dry-run'))
    const { id, totals, databases } = manifest
    const last = databases.map(({ name, lastTransaction }) => ({ name, lastTransaction }))
    expect(plan).toMatchObject({ backup: id, directory: target, from: 'nothing', size: totals.size, databases: last })
    expect(await readdir(folder)).toEqual([])

    const report = await succeed<RestoreReport>(...restore(target))
    expect(report).toMatchObject({ verdict: 'good', state: 'SUCCESS', files: { size: totals.size, resumed: 0 } })
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
    // The scratch server has recovered the data and left files of its own.
    expect((await lstat(target)).mode & 0o7777).toBe(0o750)
    for (const path of ['.', ...(await readdir(target, { recursive: true }))]) {
      const { uid, gid } = await lstat(join(target, path))
      expect([path, uid, gid]).toEqual([path, neo4jUser, neo4jGroup])
    }
    for (const { path, kind } of databases.flatMap((database) => database.files))
      if (kind !== 'derived') expect([path, (await lstat(join(target, path))).mode & 0o7777]).toEqual([path, 0o640])
    expect((await readdir(join(folder, 'new'))).toSorted()).toEqual(['data', 'data.holdfast-restore.json'])

    const before = await listing(target)
    expect(await holdfast(...restore(target))).toMatchObject(refusal('refused', 'is not empty: found'))
    expect(await holdfast(...restore(target, '--dry-run'))).toMatchObject(refusal('refused', 'is not empty: found'))
    expect(await holdfast(...restore(target, '--resume'))).toMatchObject({
      exitCode: 0,
      result: { state: 'SUCCESS', checks: [] },
    })
    expect(await listing(target)).toEqual(before)
  }))

test('[restore.refused] into the data directory of a running Neo4j', async () =>
  withFolder('restore-running', async (folder) => {
    await using server = await startIn(folder, '5.26.30')
    for (const more of [[], ['--resume'], ['--dry-run'], ['--skip-checks']]) {
      const outcome = await holdfast(...restore(server.dataDir, ...more))
      expect(outcome).toMatchObject(refusal('refused', 'is not empty'))
      expect(outcome.error?.hint).toContain('a running Neo4j uses it')
    }
    expect(await (await server.connect()).query('RETURN 1 AS one')).toEqual([{ one: 1n }])
  }))

test('[restore.exact] what a damaged store holds is restored as it is, and the verdict is bad', async () =>
  withFolder('restore-bad', async (folder) => {
    const own = await makeData(folder, { ending: 'stopped', entities: 200 })
    // The first byte of a relationship's record says that it exists; its neighbours in the chains, and the counts, go on saying so.
    await using file = await open(join(own, 'databases/neo4j/neostore.relationshipstore.db'), 'r+')
    await file.write(Buffer.of(0), 0, 1, 34 * 7)
    const ownRepo = join(folder, 'repo')
    await succeed('repo', 'init', '--repo', ownRepo)
    await succeed('backup', 'create', '--offline', '--data-dir', own, '--repo', ownRepo)
    expect(await succeed('backup', 'validate', '--repo', ownRepo)).toMatchObject({ verdict: 'good' })

    const target = join(folder, 'restored')
    const outcome = await holdfast<RestoreReport>('restore', 'start', '--repo', ownRepo, '--to-dir', target)
    expect(outcome, outcome.story).toMatchObject({ exitCode: 6, result: { verdict: 'bad', state: 'FAILED' } })
    const failed = outcome.result.checks.filter(({ passed }) => !passed)
    expect(failed).toContainEqual(expect.objectContaining({ database: 'neo4j', name: 'neo4j-admin database check' }))
    expect(failed.map(({ database }) => database)).not.toContain('system')
    expect(await journal(target)).toMatchObject({ state: 'FAILED' })
    // What the scratch server said stays, to be looked at.
    expect((await stat(`${target}.holdfast-scratch`)).isDirectory()).toBe(true)
  }))

test('[restore.exact] a store on which Neo4j does not start is restored as it is, and the verdict is bad', async () =>
  withFolder('restore-unstartable', async (folder) => {
    const own = await makeData(folder, { ending: 'stopped', entities: 200 })
    // The first page of the file that says which store this is.
    await using file = await open(join(own, 'databases/neo4j/neostore'), 'r+')
    await file.write(Buffer.alloc(8192, 0xff), 0, 8192, 0)
    const ownRepo = join(folder, 'repo')
    await succeed('repo', 'init', '--repo', ownRepo)
    await succeed('backup', 'create', '--offline', '--data-dir', own, '--repo', ownRepo)

    const target = join(folder, 'restored')
    const outcome = await holdfast<RestoreReport>('restore', 'start', '--repo', ownRepo, '--to-dir', target)
    expect(outcome, outcome.story).toMatchObject({ exitCode: 6, result: { verdict: 'bad', state: 'FAILED' } })
    expect(outcome.result.checks).toMatchObject([{ database: 'neo4j', name: 'start', passed: false }])
    expect(await journal(target)).toMatchObject({ state: 'FAILED' })
  }))

describe('[restore.resume] a restore that was killed', () => {
  const partial = '.holdfast-partial'

  /** Brings a finished restore back into a state that a crash leaves. */
  async function withState(run: (target: string) => Promise<void>, rewind: (target: string) => Promise<void>): Promise<void> {
    await withFolder('restore-resume', async (folder) => {
      const target = join(folder, 'data')
      await succeed(...restore(target, '--skip-checks'))
      const path = `${target}.holdfast-restore.json`
      await writeFile(path, (await readFile(path, 'utf8')).replace('VALIDATION', 'RECOVERING'))
      await rewind(target)
      await run(target)
    })
  }

  const move = async (target: string, ...names: string[]): Promise<void> => {
    await mkdir(join(target, partial), { recursive: true, mode: 0o700 })
    for (const name of names) await rename(join(target, name), join(target, partial, name))
  }

  const states: [string, (target: string) => Promise<void>][] = [
    [
      'before it wrote anything',
      async (target) => {
        await rm(target, { recursive: true })
        await rm(`${target}.holdfast-restore.json`)
        await mkdir(join(target, partial), { recursive: true })
      },
    ],
    ['when all was written but nothing in place', async (target) => move(target, 'transactions', 'databases')],
    ['between the two renames', async (target) => move(target, 'databases')],
    ['behind the two renames', async (target) => move(target)],
    ['when nothing was left but to say so', async () => {}],
    [
      'in the middle of a file',
      async (target) => {
        await move(target, 'transactions', 'databases')
        const path = join(target, partial, 'databases/neo4j/neostore.propertystore.db')
        await writeFile(path, (await readFile(path)).subarray(0, 30_000))
        await rm(join(target, partial, 'transactions/system'), { recursive: true })
      },
    ],
  ]
  test.each(states)('%s', async (_, rewind) => {
    await withState(async (target) => {
      expect(await holdfast(...restore(target, '--skip-checks'))).toMatchObject(refusal('refused', 'is not empty'))
      const report = await succeed<RestoreReport>(...restore(target, '--skip-checks', '--resume'))
      expect(report).toMatchObject({ verdict: 'unchecked', files: { size: manifest.totals.size } })
      await expectSameFiles(dataDir, target, manifest)
      expect((await readdir(target)).toSorted()).toEqual(['databases', 'transactions'])
    }, rewind)
  })

  test('is not resumed where someone else has put something', async () => {
    await withState(
      async (target) => {
        const outcome = await holdfast(...restore(target, '--skip-checks', '--resume'))
        expect(outcome).toMatchObject(refusal('refused', 'is not empty: found notes.txt'))
        expect(await readFile(join(target, 'notes.txt'), 'utf8')).toBe('mine')
      },
      async (target) => writeFile(join(target, 'notes.txt'), 'mine'),
    )
  })

  test('is not resumed with another backup', async () => {
    await withState(
      async (target) => {
        const other = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
        const outcome = await holdfast(...restore(target, '--id', other.id, '--resume'))
        expect(outcome).toMatchObject(
          refusal('refused', `holds a restore of backup ${manifest.id} as it is, expected backup ${other.id} as it is`),
        )
        await succeed('backup', 'delete', other.id, '--confirm', '--repo', repo)
      },
      async (target) => move(target, 'databases'),
    )
  })

  test('while its scratch Neo4j was starting, recovering or being questioned', async () =>
    withFolder('restore-validation', async (folder) => {
      const target = join(folder, 'data')
      await succeed(...restore(target, '--skip-checks'))
      const scratch = `${target}.holdfast-scratch`
      await mkdir(scratch, { mode: 0o700 })
      const moments = [
        (kill: () => void) => atEntry(scratch, 'conf', kill),
        (kill: () => void) => after(atEntry(scratch, 'conf'), 5000, kill),
        (kill: () => void) => atEntry(scratch, 'admin', kill),
      ]
      for (const at of moments) {
        await rm(join(scratch, 'conf'), { recursive: true, force: true })
        const run = startHoldfast(restore(target, '--resume'))
        using _moment = at(run.kill)
        const { exitCode, story } = await run.outcome
        expect(exitCode, story).toBeUndefined()
        expect(await journal(target)).toMatchObject({ state: 'VALIDATION' })
        await expect.poll(async () => isRunning(target), { timeout: 60_000 }).toBe(false)
      }
      const report = resultOf(await holdfast<RestoreReport>(...restore(target, '--resume')))
      expect(report).toMatchObject({ verdict: 'good', state: 'SUCCESS' })
      expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
    }))
})
