import { randomBytes, randomInt } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, makeData } from '../support/faultsData.ts'
import { after, atEntry } from '../support/faultsMoment.ts'
import { onSmallDisk } from '../support/faultsProcess.ts'
import { refusal, startHoldfast, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

const kills = 16

let shared: string
let dataDir: string
let repo: string
let manifest: Manifest

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-restore-crash-'))
  dataDir = await makeData(shared, { ending: 'stopped', entities: 300 })
  // Nobody starts a server on this directory: a file that takes a while to write.
  await writeFile(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), randomBytes(48 << 20))
  repo = join(shared, 'repo')
  await succeed('repo', 'init', '--repo', repo)
  manifest = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

function restore(target: string): string[] {
  return ['restore', 'start', '--skip-checks', '--resume', '--repo', repo, '--to-dir', target]
}

async function expectRestored(target: string): Promise<void> {
  expect((await readdir(target)).toSorted()).toEqual(['databases', 'transactions'])
  await expectSameFiles(dataDir, target, manifest)
}

test('[restore.resume] killed at any moment, again and again, a restore ends as if it had never stopped', async () =>
  withFolder('restore-crash', async (folder) => {
    const undisturbed = await succeed<RestoreReport>(...restore(join(folder, 'undisturbed')))
    await expectRestored(join(folder, 'undisturbed'))
    const tally = { killed: 0, finished: 0, resumed: 0 }
    for (let attempt = 0; tally.killed < kills && attempt < 4 * kills; attempt++) {
      const name = `restored-${tally.finished}`
      const run = startHoldfast(restore(join(folder, name)))
      const begun = atEntry(folder, `${name}.holdfast-restore.json`)
      using _killed = after(begun, randomInt(undisturbed.durations.materialise), run.kill)
      const { exitCode, result, story } = await run.outcome
      if (exitCode === undefined) tally.killed += 1
      else {
        expect(exitCode, story).toBe(0)
        if ((result as RestoreReport).files.resumed > 0) tally.resumed += 1
        await expectRestored(join(folder, name))
        await rm(join(folder, name), { recursive: true })
        tally.finished += 1
      }
    }
    expect(tally.killed).toBe(kills)
    const last = join(folder, `restored-${tally.finished}`)
    await succeed<RestoreReport>(...restore(last))
    await expectRestored(last)
  }))

test('[damage.full-disk] a full disk is an error that says so, and with more room the restore goes on', async () =>
  withFolder('restore-full', async (folder) => {
    const [small, copy] = [join(folder, 'small'), join(folder, 'copy')]
    const target = join(small, 'data')
    // The room of a small disk is looked at before anything is written; that no more files fit shows only then.
    const again = `"$@"; test $? = 1 || exit 98; mount -o remount,nr_inodes=10000 "${small}" && "$@" && cp -a "${target}" "${copy}"`
    const outcome = await startHoldfast(restore(target), { inside: onSmallDisk(small, '200m,nr_inodes=60', again) }).outcome
    const { error } = refusal('failed', /no space left/)
    expect(outcome, outcome.story).toMatchObject({ exitCode: 0, result: { verdict: 'unchecked' }, error })
    expect(outcome.error?.hint).toContain('--resume')
    expect((outcome.result as RestoreReport).files.resumed).toBeGreaterThan(0)
    await expectRestored(copy)
  }))

test('[damage.full-disk] a restore that does not fit is refused before it writes anything, and so is its dry run', async () =>
  withFolder('restore-small', async (folder) => {
    const small = join(folder, 'small')
    const target = join(small, 'data')
    for (const flags of [[], ['--dry-run']]) {
      const inside = onSmallDisk(small, '4m', `"$@"; code=$?; test -z "$(ls -A "${small}")" || exit 98; exit $code`)
      const outcome = await startHoldfast([...restore(target), ...flags], { inside }).outcome
      expect(outcome, outcome.story).toMatchObject(refusal('failed', /no space left .* needs \d+ bytes, \d+ are free/))
    }
  }))
