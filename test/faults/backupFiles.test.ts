import { randomBytes } from 'node:crypto'
import { chmod, chown, cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../../src/repository/manifest.ts'
import { makeData } from '../support/faultsData.ts'
import { atChange } from '../support/faultsMoment.ts'
import { asNobody, nobody } from '../support/faultsProcess.ts'
import { holdfast, refusal, startHoldfast, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

let shared: string
let original: string

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-files-'))
  original = await makeData(shared, { ending: 'stopped' })
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

interface Ground {
  dataDir: string
  repo: string
  earlier: Manifest
}

/** A copy of the data directory and a repository with a backup of it, which must still be good in the end. */
async function withCopy(run: (ground: Ground) => Promise<void>): Promise<void> {
  await withFolder('files', async (folder) => {
    const [dataDir, repo] = [join(folder, 'data'), join(folder, 'repo')]
    await cp(original, dataDir, { recursive: true, preserveTimestamps: true })
    await succeed('repo', 'init', '--repo', repo)
    const earlier = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
    await run({ dataDir, repo, earlier })
  })
}

async function expectOnlyEarlier({ repo, earlier }: Ground): Promise<void> {
  const { verdict, backups } = await succeed<{ verdict: string; backups: { id: string }[] }>('backup', 'validate', '--repo', repo)
  expect({ verdict, ids: backups.map(({ id }) => id) }).toEqual({ verdict: 'good', ids: [earlier.id] })
}

/** Gives the next backup something to store, and with it time. */
async function changeMuch({ dataDir }: Ground): Promise<void> {
  await writeFile(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), randomBytes(3 << 20))
}

function words({ dataDir, repo }: Ground): string[] {
  return ['backup', 'create', '--uri', 'bolt://127.0.0.1:1', '--data-dir', dataDir, '--repo', repo]
}

describe('[errors.clear] files of the database that cannot be had', () => {
  test.each([
    ['a store file', 'databases/neo4j/neostore.nodestore.db'],
    ['a derived file', 'databases/neo4j/neostore.counts.db'],
    ['a folder of indexes', 'databases/neo4j/schema/index'],
    ['a log file', 'transactions/system/neostore.transaction.db.0'],
    ['the checkpoint log', 'transactions/neo4j/checkpoint.0'],
    ['all logs', 'transactions'],
  ])('%s without permission', async (_, path) => {
    await withCopy(async (ground) => {
      const { dataDir, repo } = ground
      await chmod(join(dataDir, '..'), 0o755)
      for (const name of ['.', ...(await readdir(repo, { recursive: true }))]) await chown(join(repo, name), nobody, nobody)
      await chmod(join(dataDir, path), 0)
      const outcome = await startHoldfast(words(ground), { inside: asNobody }).outcome
      expect(outcome, outcome.story).toMatchObject(refusal('neo4j-unavailable', `${path}.* cannot be read: permission denied`))
      await expectOnlyEarlier(ground)
    })
  })

  test('the whole directory, removed while it is copied', async () => {
    await withCopy(async (ground) => {
      await changeMuch(ground)
      using begun = atChange(join(ground.repo, '.unfinished'), 4)
      const run = startHoldfast([...words(ground), '--max-rate', '1MB'])
      await begun.reached
      await rm(ground.dataDir, { recursive: true })
      const outcome = await run.outcome
      expect(outcome, outcome.story).toMatchObject(refusal('neo4j-unavailable', 'vanished while it was backed up'))
      await expectOnlyEarlier(ground)
    })
  })

  test('a link in the store', async () => {
    await withCopy(async (ground) => {
      await symlink('neostore', join(ground.dataDir, 'databases/neo4j/neostore.other'))
      expect(await holdfast(...words(ground))).toMatchObject(refusal('refused', 'neostore.other is a symbolic link'))
      await expectOnlyEarlier(ground)
    })
  })

  test('another directory than the data directory', async () => {
    await withCopy(async (ground) => {
      for (const near of ['databases', '..']) {
        const wrong = words({ ...ground, dataDir: join(ground.dataDir, near) })
        expect(await holdfast(...wrong)).toMatchObject(refusal('neo4j-unavailable', 'is not a Neo4j data directory'))
      }
      await expectOnlyEarlier(ground)
    })
  })
})

describe('[errors.clear] a repository that goes away', () => {
  test('removed while a backup is written to it', async () => {
    await withCopy(async (ground) => {
      await changeMuch(ground)
      using begun = atChange(join(ground.repo, '.unfinished'), 4)
      const run = startHoldfast([...words(ground), '--max-rate', '1MB'])
      await begun.reached
      // The backup may put something into a folder that is being removed.
      await rm(ground.repo, { recursive: true, maxRetries: 20, retryDelay: 50 })
      const outcome = await run.outcome
      expect(outcome, outcome.story).toMatchObject(refusal('repository', /./))
      expect(await holdfast('backup', 'list', '--repo', ground.repo)).toMatchObject(
        refusal('repository', 'there is no repository'),
      )
    })
  })

  test('made unreadable while a backup is written to it', async () => {
    await withCopy(async (ground) => {
      const { dataDir, repo } = ground
      await chmod(join(dataDir, '..'), 0o755)
      for (const name of ['.', ...(await readdir(repo, { recursive: true }))]) await chown(join(repo, name), nobody, nobody)
      await changeMuch(ground)
      using begun = atChange(join(repo, '.unfinished'), 4)
      const run = startHoldfast([...words(ground), '--max-rate', '1MB'], { inside: asNobody })
      await begun.reached
      await chmod(repo, 0)
      const outcome = await run.outcome
      expect(outcome, outcome.story).toMatchObject(refusal('repository', /denied|EACCES/))
      await chmod(repo, 0o700)
      await expectOnlyEarlier(ground)
    })
  })
})
