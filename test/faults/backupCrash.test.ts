import { randomBytes, randomInt } from 'node:crypto'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, makeData } from '../support/faultsData.ts'
import { after, atChange } from '../support/faultsMoment.ts'
import { startHoldfast, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

const batches = [1, 2, 3, 4]
const roundsInBatch = 8

let shared: string
let original: string

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-crash-'))
  original = await makeData(shared, { ending: 'killed' })
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

interface Listed {
  backups: { id: string }[]
  damaged: unknown[]
}

test.each(batches)(
  '[crash.no-half-backup] killed at any moment, a backup leaves no half one, earlier ones stay valid and the next run works (%i)',
  async (batch) => {
    await withFolder('backup-crash', async (folder) => {
      const [dataDir, repo] = [join(folder, 'data'), join(folder, 'repo')]
      await cp(original, dataDir, { recursive: true, preserveTimestamps: true })
      await succeed('repo', 'init', '--repo', repo)
      let whole: string[] = []
      const list = async (): Promise<string[]> => {
        const { backups, damaged } = await succeed<Listed>('backup', 'list', '--repo', repo)
        expect(damaged).toEqual([])
        return backups.map(({ id }) => id)
      }
      const tally = { killed: 0, finished: 0 }
      for (let round = 1; round <= roundsInBatch; round++) {
        await changeSomething(dataDir)
        tally[await killedBackup(dataDir, repo, round * batches.length + batch)] += 1
        // One that was killed after its last step but before its end exists, and then it is whole.
        const found = await list()
        expect(found.slice(0, whole.length)).toEqual(whole)
        expect(found.length - whole.length).toBeLessThanOrEqual(1)

        const manifest = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
        whole = [...found, manifest.id]
        if (round === roundsInBatch) await expectRestorable(dataDir, repo, manifest, join(folder, 'restored'))
      }
      expect(tally.killed).toBeGreaterThan(roundsInBatch / 2)
      expect(await list()).toEqual(whole)
      const { verdict, backups } = await succeed<{ verdict: string; backups: unknown[] }>('backup', 'validate', '--repo', repo)
      expect({ verdict, backups: backups.length }).toEqual({ verdict: 'good', backups: whole.length })
      await expectNothingLeft(repo, whole)
    })
  },
)

/** A file that Neo4j keeps, so that each round has something to store; nobody starts a server on this directory. */
async function changeSomething(dataDir: string): Promise<void> {
  await writeFile(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), randomBytes(1 << 20))
}

/** Kills every second one while it copies slowly, and the others around their steps in the repository, most of which come at the end. */
async function killedBackup(dataDir: string, repo: string, number: number): Promise<'killed' | 'finished'> {
  const isSlow = Math.floor(number / batches.length) % 2 === 0
  const slow = isSlow ? ['--max-rate', '3MB'] : []
  const unfinished = join(repo, '.unfinished')
  const run = startHoldfast(['backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, ...slow])
  using _moment = isSlow
    ? after(atChange(unfinished, 1), randomInt(1200), run.kill)
    : atChange(unfinished, Math.ceil(number / 2), run.kill)
  const { exitCode, story } = await run.outcome
  expect([undefined, 0], story).toContain(exitCode)
  return exitCode === undefined ? 'killed' : 'finished'
}

async function expectRestorable(dataDir: string, repo: string, manifest: Manifest, target: string): Promise<void> {
  await succeed('restore', 'start', '--skip-checks', '--id', manifest.id, '--to-dir', target, '--repo', repo)
  await expectSameFiles(dataDir, target, manifest)
}

/** The next delete removes what the killed runs left, and everything that is needed stays. */
async function expectNothingLeft(repo: string, whole: string[]): Promise<void> {
  const packs = async () =>
    (await readdir(join(repo, 'packs'), { recursive: true })).filter((name) => name.endsWith('.pack')).length
  const before = await packs()
  await succeed('backup', 'delete', whole[0]!, '--confirm', '--repo', repo)
  expect(await packs()).toBeLessThan(before)
  const { verdict } = await succeed<{ verdict: string }>('backup', 'validate', '--repo', repo)
  expect(verdict).toBe('good')
  for (const id of whole.slice(1)) await succeed('backup', 'delete', id, '--confirm', '--repo', repo)
  expect((await readdir(repo)).toSorted()).toEqual(['.unfinished', 'leases', 'repository'])
}
