import { randomBytes, randomInt } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, makeData } from './faultsData.ts'
import { after, atEntry } from './faultsMoment.ts'
import { startHoldfast, succeed } from './holdfast.ts'

const kills = 16

/** A backup to restore, and the directory that it was made from. */
export interface Restorable {
  dataDir: string
  /** As `--repo` takes it. */
  repo: string
  manifest: Manifest
}

/** Has a backup made, in a new repository, of a directory that takes a while to restore. */
export async function makeRestorable(folder: string, repo: string): Promise<Restorable> {
  const dataDir = await makeData(folder, { ending: 'stopped', entities: 300 })
  // Nobody starts a server on this directory: a file that takes a while to write.
  await writeFile(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), randomBytes(48 << 20))
  await succeed('repo', 'init', '--repo', repo)
  const manifest = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
  return { dataDir, repo, manifest }
}

/** The words of a command that restores it, or goes on with a restore that was broken off. */
export function restoreWords({ repo }: Restorable, target: string): string[] {
  return ['restore', 'start', '--skip-checks', '--resume', '--repo', repo, '--to-dir', target]
}

/** Makes sure that the target holds what was backed up, and nothing else. */
export async function expectRestored({ dataDir, manifest }: Restorable, target: string): Promise<void> {
  expect((await readdir(target)).toSorted()).toEqual(['databases', 'transactions'])
  await expectSameFiles(dataDir, target, manifest)
}

/** Kills restores at many moments and resumes each until it ends, as if it had never stopped. */
export async function expectResumed(restorable: Restorable, folder: string): Promise<void> {
  const undisturbed = await succeed<RestoreReport>(...restoreWords(restorable, join(folder, 'undisturbed')))
  await expectRestored(restorable, join(folder, 'undisturbed'))
  /** The shortest that a whole restore has taken: one that was slow would let most kills come too late. */
  let shortest = undisturbed.durations.materialise
  const tally = { killed: 0, finished: 0, resumed: 0 }
  for (let attempt = 0; tally.killed < kills && attempt < 4 * kills; attempt++) {
    const name = `restored-${tally.finished}`
    const run = startHoldfast(restoreWords(restorable, join(folder, name)))
    const begun = atEntry(folder, `${name}.holdfast-restore.json`)
    using _killed = after(begun, randomInt(shortest), run.kill)
    const { exitCode, result, story } = await run.outcome
    if (exitCode === undefined) tally.killed += 1
    else {
      expect(exitCode, story).toBe(0)
      const { files, durations } = result as RestoreReport
      if (files.resumed > 0) tally.resumed += 1
      else shortest = Math.min(shortest, durations.materialise)
      await expectRestored(restorable, join(folder, name))
      await rm(join(folder, name), { recursive: true })
      tally.finished += 1
    }
  }
  expect(tally.killed).toBe(kills)
  const last = join(folder, `restored-${tally.finished}`)
  await succeed<RestoreReport>(...restoreWords(restorable, last))
  await expectRestored(restorable, last)
}
