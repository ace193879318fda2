import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, makeData } from '../support/faultsData.ts'
import { atChange } from '../support/faultsMoment.ts'
import { holdfast, refusal, startHoldfast, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

let shared: string
/** A database, and another one that has lived longer: more transactions, log files of other numbers. */
let short: string
let long: string
beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-replaced-'))
  short = await makeData(join(shared, 'short'), { ending: 'stopped', entities: 300 })
  long = await makeData(join(shared, 'long'), {
    ending: 'stopped',
    entities: 3000,
    settings: { 'db.tx_log.rotation.retention_policy': 'keep_none', 'db.checkpoint.interval.time': '1s' },
  })
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

describe('[backup.hot] what is put in place of a database while it is backed up', () => {
  const swaps: [string, string[]][] = [
    ['all of it', ['databases/neo4j', 'transactions/neo4j']],
    ['its store', ['databases/neo4j']],
    ['its log', ['transactions/neo4j']],
  ]
  describe.each([
    ['an older one', () => long, () => short],
    ['a newer one', () => short, () => long],
  ])('%s', (_, from, to) => {
    test.each(swaps)('%s: is backed up whole or not at all', async (_name, parts) =>
      withFolder('replaced', async (folder) => {
        const [dataDir, repo] = [join(folder, 'data'), join(folder, 'repo')]
        await cp(from(), dataDir, { recursive: true })
        await cp(to(), join(folder, 'other'), { recursive: true })
        await succeed('repo', 'init', '--repo', repo)
        const words = [
          'backup',
          'create',
          '--data-dir',
          dataDir,
          '--repo',
          repo,
          '--uri',
          'bolt://127.0.0.1:1',
          '--max-rate',
          '1MB',
        ]
        using begun = atChange(join(repo, '.unfinished'), 4)
        const backup = startHoldfast(words)
        await begun.reached
        await mkdir(join(folder, 'gone/databases'), { recursive: true })
        await mkdir(join(folder, 'gone/transactions'))
        for (const part of parts) {
          await rename(join(dataDir, part), join(folder, 'gone', part))
          await rename(join(folder, 'other', part), join(dataDir, part))
        }
        const outcome = await backup.outcome
        expect(parts.length === 1 ? [3, 4] : [0, 3, 4], outcome.story).toContain(outcome.exitCode)
        if (outcome.exitCode !== 0) return
        await succeed('restore', 'start', '--skip-checks', '--repo', repo, '--to-dir', join(folder, 'restored'))
        await expectSameFiles(dataDir, join(folder, 'restored'), outcome.result as Manifest)
      }),
    )
  })
})

test('[damage.detected] a store beside the log of another one is not backed up', async () =>
  withFolder('mixed', async (folder) => {
    const [dataDir, repo] = [join(folder, 'data'), join(folder, 'repo')]
    await cp(short, dataDir, { recursive: true })
    await rm(join(dataDir, 'databases/neo4j'), { recursive: true })
    await cp(join(long, 'databases/neo4j'), join(dataDir, 'databases/neo4j'), { recursive: true })
    await succeed('repo', 'init', '--repo', repo)
    const outcome = await holdfast('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
    expect(outcome).toMatchObject(refusal('integrity', /neostore: expected .* as in its log, found /))
  }))

test('[backup.hot] folders that are no databases are left alone, and named where they hold a store', async () =>
  withFolder('stray', async (folder) => {
    const [dataDir, repo] = [join(folder, 'data'), join(folder, 'repo')]
    await cp(short, dataDir, { recursive: true })
    for (const name of ['lost+found', 'empty']) {
      await mkdir(join(dataDir, 'databases', name))
      await mkdir(join(dataDir, 'transactions', name))
    }
    await cp(join(dataDir, 'databases/neo4j'), join(dataDir, 'databases/neo4j_old'), { recursive: true })
    await cp(join(dataDir, 'transactions/neo4j'), join(dataDir, 'transactions/neo4j_old'), { recursive: true })
    await succeed('repo', 'init', '--repo', repo)
    const outcome = await holdfast<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
    expect(outcome, outcome.story).toMatchObject({ exitCode: 0, warnings: [expect.stringContaining('databases/neo4j_old')] })
    expect(outcome.result.databases.map(({ name }) => name)).toEqual(['neo4j', 'system'])
  }))

test('[errors.clear] a repository inside the data directory, and the other way round, is refused', async () =>
  withFolder('inside', async (folder) => {
    const dataDir = join(folder, 'data')
    await cp(short, dataDir, { recursive: true })
    await mkdir(join(folder, 'outer'))
    for (const repo of [join(dataDir, 'databases/neo4j/backups'), join(dataDir, 'backups'), folder]) {
      await succeed('repo', 'init', '--repo', repo)
      const outcome = await holdfast('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
      expect(outcome, repo).toMatchObject(refusal('refused', 'in each other'))
    }
    await succeed('repo', 'init', '--repo', join(folder, 'outer'))
    await succeed('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', join(folder, 'outer'))
    for (const target of [join(dataDir, 'databases/x'), join(dataDir, 'transactions/neo4j/sub'), join(folder, 'outer/inside')]) {
      const outcome = await holdfast('restore', 'start', '--skip-checks', '--repo', join(folder, 'outer'), '--to-dir', target)
      expect(outcome, target).toMatchObject(refusal('refused', 'lies in'))
    }
  }))
