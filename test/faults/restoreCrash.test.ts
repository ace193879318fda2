import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import { onSmallDisk } from '../support/faultsProcess.ts'
import { refusal, startHoldfast } from '../support/holdfast.ts'
import { expectRestored, expectResumed, makeRestorable, type Restorable, restoreWords } from '../support/killedRestore.ts'
import { withFolder } from '../support/neo4j.ts'

let shared: string
let restorable: Restorable

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-restore-crash-'))
  restorable = await makeRestorable(shared, join(shared, 'repo'))
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

test('[restore.resume] killed at any moment, again and again, a restore ends as if it had never stopped', async () =>
  withFolder('restore-crash', async (folder) => expectResumed(restorable, folder)))

test('[damage.full-disk] a full disk is an error that says so, and with more room the restore goes on', async () =>
  withFolder('restore-full', async (folder) => {
    const [small, copy] = [join(folder, 'small'), join(folder, 'copy')]
    const target = join(small, 'data')
    // The room of a small disk is looked at before anything is written; that no more files fit shows only then.
    const again = `"$@"; test $? = 1 || exit 98; mount -o remount,nr_inodes=10000 "${small}" && "$@" && cp -a "${target}" "${copy}"`
    const outcome = await startHoldfast(restoreWords(restorable, target), {
      inside: onSmallDisk(small, '200m,nr_inodes=60', again),
    }).outcome
    const { error } = refusal('failed', /no space left/)
    expect(outcome, outcome.story).toMatchObject({ exitCode: 0, result: { verdict: 'unchecked' }, error })
    expect(outcome.error?.hint).toContain('--resume')
    expect((outcome.result as RestoreReport).files.resumed).toBeGreaterThan(0)
    await expectRestored(restorable, copy)
  }))

test('[damage.full-disk] a restore that does not fit is refused before it writes anything, and so is its dry run', async () =>
  withFolder('restore-small', async (folder) => {
    const small = join(folder, 'small')
    const target = join(small, 'data')
    for (const flags of [[], ['--dry-run']]) {
      const inside = onSmallDisk(small, '4m', `"$@"; code=$?; test -z "$(ls -A "${small}")" || exit 98; exit $code`)
      const outcome = await startHoldfast([...restoreWords(restorable, target), ...flags], { inside }).outcome
      expect(outcome, outcome.story).toMatchObject(refusal('failed', /no space left .* needs \d+ bytes, \d+ are free/))
    }
  }))
