import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../../../src/repository/repository.ts'
import { branchLineage, rootLineage } from '../../../src/repository/segmentName.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { endsOfPlan, planTo, tx } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)
const latest = { kind: 'latest' } as const

let folder: string
let clock: ManualClock
let repository: Repository
let log: SyntheticLog
let system: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-elsewhere-'))
  clock = new ManualClock(new Date(firstCommit + 4500))
  repository = await newRepository({ clock })
  const dataDir = join(folder, 'data')
  log = SyntheticLog.create(dataDir)
  system = SyntheticLog.create(dataDir, { database: 'system', store: { ...sampleStore, random: '4711' } })
  await backUpLogs(repository, log.write(3), system.write(2))
  await archiveAll(repository, system.write(1))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Both restored; then a user is made, and archived as what a new lineage of `system` begins with. */
async function restoreAndMakeUser(to: number, dataDir = join(folder, 'restored')): Promise<[SyntheticLog, SyntheticLog]> {
  const restored = log.copyUpTo(to, dataDir)
  const users = system.copyUpTo(3, dataDir).write(1, { body: 'after', commitTime: firstCommit + 100_000 })
  await archiveAll(repository, users)
  return [restored, users]
}

/** The clock of backups goes past the one by which lineages are described. */
function afterLineages(): void {
  clock.jump(Date.now() + 10_000 - clock.now().getTime())
}

const asked = (...choices: readonly string[]) => ({
  code: 'refused',
  message: expect.stringMatching(`to ${choices.length} histories.*${choices.join('.*')}`) as string,
})

describe('[archive.lineages] a database that has written nothing since a restore, while another one of its set has', () => {
  test('makes the latest a question, as the archive still has what was undone', async () => {
    await archiveAll(repository, log.write(4))
    const [restored, users] = await restoreAndMakeUser(6)
    const lineage = branchLineage(rootLineage(system.store), users.at(4))
    const question = asked(
      `--lineage ${root} up to transaction 8 of`,
      `--lineage ${root} --to-tx 6 up to transaction 6 \\(where it stood when lineage ${lineage} of system began`,
    )
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
    expect(await endsOfPlan(repository, latest, root)).toEqual([4, 8])
    expect(await endsOfPlan(repository, tx(6), root)).toEqual([4, 6])
    expect(await endsOfPlan(repository, tx(8))).toEqual([4, 8])
    await archiveAll(repository, restored.write(1, { body: 'after', commitTime: firstCommit + 200_000 }))
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ to: { id: 7 } }, { to: { id: 4 } }], doubts: [] })
  })

  test('makes the latest a question, as a backup still has what was undone', async () => {
    await archiveAll(repository, log.write(2))
    const { id } = await backUpLogs(repository, log.write(3), system)
    await restoreAndMakeUser(6)
    const question = asked(`--id ${id} up to transaction 9`, `--lineage ${root} up to`, `--lineage ${root} --to-tx 6 up to`)
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
  })

  test('makes the latest a question where it wrote what is not archived', async () => {
    await archiveAll(repository, log.write(4))
    const dataDir = join(folder, 'restored')
    const restored = log.copyUpTo(6, dataDir).write(1, { body: 'not archived' })
    await archiveAll(repository, system.copyUpTo(3, dataDir).write(1, { body: 'after', commitTime: firstCommit + 100_000 }))
    const question = asked(`--lineage ${root} up to transaction 8 of`, 'a new backup of it up to transaction 7 \\(where it stood')
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
    afterLineages()
    const { id } = await backUpLogs(repository, restored)
    await expect(planTo(repository, latest)).rejects.toMatchObject(
      asked(`--lineage ${root} up to`, `--id ${id} up to transaction 7`),
    )
  })

  test('makes the latest a question where it went back to what an earlier restore had given up', async () => {
    await archiveAll(repository, log.write(4))
    const other = log.copyUpTo(6, join(folder, 'other')).write(1, { body: 'other', commitTime: firstCommit + 20_000 })
    await archiveAll(repository, other)
    await restoreAndMakeUser(8)
    const branch = branchLineage(root, other.at(7))
    const question = asked(`--lineage ${branch} up to transaction 7`, `--lineage ${root} --to-tx 8 up to transaction 8`)
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
  })
})

describe('[archive.lineages] no question is a lineage of another database', () => {
  test('that began while this one stood at its end, or where its archive lags', async () => {
    await archiveAll(repository, log.write(4))
    const [restored] = await restoreAndMakeUser(8)
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ to: { id: 8 } }, { to: { id: 4 } }], doubts: [] })
    restored.write(2)
    const again = system.copyUpTo(3, restored.dataDir).write(1, { body: 'again', commitTime: firstCommit + 300_000 })
    await archiveAll(repository, again)
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ to: { id: 8 } }, {}], doubts: [] })
  })

  test('of before a backup that shows where this one stands', async () => {
    await archiveAll(repository, log.write(4))
    await restoreAndMakeUser(6)
    await expect(planTo(repository, latest)).rejects.toMatchObject(asked('--lineage', '--to-tx 6'))
    afterLineages()
    await backUpLogs(repository, log, system)
    expect(await endsOfPlan(repository, latest)).toEqual([8, 8])
  })
})
