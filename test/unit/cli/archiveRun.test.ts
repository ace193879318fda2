import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ArchiverProcess } from '../../support/archiverProcess.ts'
import { succeed } from '../../support/holdfast.ts'
import { writeStore } from '../../support/servingArchive.ts'
import { repositoryIn } from '../../support/storageAt.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-archive-run-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('the rate that is set is that of the backup which the archiver takes', async () => {
  const { dataDir, repo } = { dataDir: join(folder, 'data'), repo: join(folder, 'repo') }
  writeStore(SyntheticLog.create(dataDir).write(3).checkpoint())
  await succeed('repo', 'init', '--repo', repo)
  {
    await using archiver = new ArchiverProcess({ dataDir, repo, interval: '50ms', more: ['--max-rate', '500B'] })
    archiver.start()
    await archiver.backedUp(1)
  }
  const [{ timing, totals } = expect.fail()] = await (await repositoryIn(repo)).listSoundBackups()
  expect(totals.size).toBeGreaterThan(500)
  // A timer may be a little early.
  expect(Date.parse(timing.finished) - Date.parse(timing.started)).toBeGreaterThan(totals.size * 2 - 50)
})
