import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeData } from '../support/faultsData.ts'
import { batches, expectSurvivedBackups } from '../support/killedBackups.ts'
import { withFolder } from '../support/neo4j.ts'
import { watchedDirectory } from '../support/watchedPlace.ts'

let shared: string
let original: string

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-crash-'))
  original = await makeData(shared, { ending: 'killed' })
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

test.each(batches)(
  '[crash.no-half-backup] killed at any moment, a backup leaves no half one, earlier ones stay valid and the next run works (%i)',
  async (batch) =>
    withFolder('backup-crash', async (folder) => {
      const repo = join(folder, 'repo')
      await expectSurvivedBackups({ original, folder, place: watchedDirectory(repo), batch })
      // Not even an empty folder.
      expect((await readdir(repo)).toSorted()).toEqual(['.unfinished', 'leases', 'repository'])
    }),
)
