import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { at, planTo, tx } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const latest = { kind: 'latest' } as const

let folder: string
let clock: ManualClock
let repository: Repository
let neo4j: SyntheticLog
let system: SyntheticLog
/** Backed up with transaction 3 of each at 10 s. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-before-restore-'))
  clock = new ManualClock(new Date(firstCommit))
  repository = await newRepository({ clock })
  const dataDir = join(folder, 'data')
  neo4j = SyntheticLog.create(dataDir).write(2)
  system = SyntheticLog.create(dataDir, { database: 'system', store: { ...sampleStore, random: '4711' } }).write(2)
  await backUpAt(10)
})
afterEach(() => rmSync(folder, { recursive: true }))

async function goTo(seconds: number): Promise<void> {
  clock.jump(firstCommit + seconds * 1000 - clock.now().getTime())
  return Promise.resolve()
}

async function backUpAt(seconds: number): Promise<void> {
  await goTo(seconds)
  await backUpLogs(repository, neo4j, system)
}

/** Both are restored to transaction 3 of the first backup. */
function restore(): void {
  const dataDir = join(folder, 'restored')
  neo4j = neo4j.copyUpTo(3, dataDir)
  system = system.copyUpTo(3, dataDir)
}

/** One transaction that is archived at once. */
async function writeAt(seconds: number, of: SyntheticLog, body = ''): Promise<void> {
  await goTo(seconds)
  await archiveAll(repository, of.write(1, { body, commitTime: firstCommit + seconds * 1000 }))
}

async function planned(point: RestorePoint): Promise<{ ends: (number | undefined)[][]; doubts: string[] }> {
  const { replays, doubts } = await planTo(repository, point)
  return { ends: replays.map(({ to: { id, checksum } }) => [id, checksum]), doubts }
}
const endsOf = (...logs: readonly SyntheticLog[]): number[][] => logs.map(({ last: { id, checksum } }) => [id, checksum])

describe('[archive.lineages] after a restore that gave up a transaction of system', () => {
  test('a backup of before with another one of the id where it stands is passed over', async () => {
    await writeAt(100, system)
    await backUpAt(200)
    await writeAt(300, neo4j)
    restore()
    await writeAt(1000, system, 'restored')
    await writeAt(1100, neo4j, 'restored')
    for (const point of [latest, tx(4)]) expect(await planned(point)).toEqual({ ends: endsOf(neo4j, system), doubts: [] })
  })

  test('a backup of before that has gone past where system and the present one parted is passed over', async () => {
    await writeAt(100, system)
    await backUpAt(200)
    await writeAt(300, neo4j)
    restore()
    await writeAt(1000, system, 'restored')
    await writeAt(1050, system, 'restored')
    await writeAt(1100, neo4j, 'restored')
    expect(await planned(latest)).toEqual({ ends: endsOf(neo4j, system), doubts: [] })
  })

  test('a moment of before the restore has it', async () => {
    await writeAt(100, system)
    await writeAt(110, neo4j)
    const before = endsOf(system)
    restore()
    await writeAt(1000, neo4j, 'restored')
    const { ends, doubts } = await planned(at(105))
    expect(ends).toEqual([...endsOf(neo4j.copyUpTo(3, join(folder, 'then'))), ...before])
    // Of the database asked for, what is left in the other lineage at 110 s is of later than the moment.
    expect(doubts).toEqual([])
    expect((await planned(latest)).ends).toEqual(endsOf(neo4j, system))
  })

  test('a moment of before the restore is never without it and without a word', async () => {
    await writeAt(100, system)
    restore()
    await backUpAt(1000)
    await writeAt(1100, system, 'restored')
    const { ends, doubts } = await planned(at(105))
    const has = ends[1]![0] === 4
    expect({
      ends: ends[0]![0],
      isTold: has || doubts.some((doubt) => doubt.startsWith('system ends with transaction 3')),
    }).toEqual({
      ends: 3,
      isTold: true,
    })
  })
})

test('[archive.lineages] a delete of the log that would tell does not hide that the database had gone back', async () => {
  await writeAt(100, neo4j)
  await writeAt(200, neo4j)
  await backUpAt(300)
  restore()
  const [first] = await repository.listBackups()
  await repository.deleteBackups([first!.id])
  await backUpAt(2000)
  await expect(planned(latest)).rejects.toMatchObject({ code: 'refused' })
})
