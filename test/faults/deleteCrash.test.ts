import { randomBytes, randomInt } from 'node:crypto'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ValidationReport } from '../../src/backup/validateBackups.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, files, makeData } from '../support/faultsData.ts'
import { after, atChange, type Moment } from '../support/faultsMoment.ts'
import { startHoldfast, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

const rounds = 16

let shared: string
let original: string

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-delete-'))
  original = await makeData(shared, { ending: 'killed', entities: 300 })
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

test('[crash.safe-delete] killed at any moment, a delete leaves every kept backup whole, and the next one frees what it left', async () =>
  withFolder('delete-crash', async (folder) => {
    const [dataDir, repo] = [join(folder, 'data'), join(folder, 'repo')]
    await cp(original, dataDir, { recursive: true, preserveTimestamps: true })
    await succeed('repo', 'init', '--repo', repo)
    const backUp = async (): Promise<Manifest> => {
      await writeFile(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), randomBytes(400_000))
      return succeed('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
    }
    let kept = [(await backUp()).id, (await backUp()).id]
    let newest = await backUp()
    const tally = { killed: 0, finished: 0 }
    for (let round = 0; round < rounds; round++) {
      const deleted = kept[randomInt(kept.length)]!
      kept = [...kept.filter((id) => id !== deleted), newest.id]
      tally[await killedDelete(repo, deleted, round)] += 1

      const { verdict, backups } = await succeed<ValidationReport>('backup', 'validate', '--repo', repo)
      const left = backups.map(({ id }) => id)
      expect(verdict).toBe('good')
      expect(left.filter((id) => id !== deleted)).toEqual(kept)
      if (left.includes(deleted)) kept = left
      newest = await backUp()
    }
    expect(tally.killed).toBeGreaterThan(rounds / 2)

    const target = join(folder, 'restored')
    await succeed('restore', 'start', '--skip-checks', '--id', newest.id, '--to-dir', target, '--repo', repo)
    await expectSameFiles(dataDir, target, newest)
    const packs = async (): Promise<number> => (await files(repo)).filter((path) => path.endsWith('.pack')).length
    for (const id of kept) await succeed('backup', 'delete', id, '--confirm', '--repo', repo)
    expect(await packs()).toBeGreaterThan(0)
    await succeed('backup', 'delete', newest.id, '--confirm', '--repo', repo)
    expect(await packs()).toBe(0)
    expect((await readdir(repo)).toSorted()).toEqual(['.unfinished', 'leases', 'repository'])
  }))

/** Kills it around its writes, and around the removal of the manifest and what follows that. */
async function killedDelete(repo: string, id: string, round: number): Promise<'killed' | 'finished'> {
  const run = startHoldfast(['backup', 'delete', id, '--confirm', '--repo', repo])
  const moments: (() => Moment)[] = [
    () => atChange(join(repo, '.unfinished'), 1 + randomInt(6), run.kill),
    () => after(atChange(join(repo, 'backups', id), 1), randomInt(12), run.kill),
  ]
  using _moment = moments[round % moments.length]!()
  const { exitCode, story } = await run.outcome
  expect([undefined, 0], story).toContain(exitCode)
  return exitCode === undefined ? 'killed' : 'finished'
}
