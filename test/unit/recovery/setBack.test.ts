import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
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
let log: SyntheticLog
let system: SyntheticLog
/** neo4j and system restored to earlier transactions. */
let restored: { log: SyntheticLog; system: SyntheticLog }
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-set-back-'))
  clock = new ManualClock(new Date(firstCommit))
  repository = await newRepository({ clock })
  const dataDir = join(folder, 'data')
  log = SyntheticLog.create(dataDir)
  system = SyntheticLog.create(dataDir, { database: 'system', store: { ...sampleStore, random: '4711' } })
  await backUpAt(4, log.write(3), system.write(2))
  await archiveAll(repository, log.write(4))
  await archiveAll(repository, system.write(1, { commitTime: firstCommit + 9000 }))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function goTo(milliseconds: number): Promise<void> {
  clock.jump(milliseconds - clock.now().getTime())
  return Promise.resolve()
}

/** A backup that is begun so many seconds after the first commit. */
async function backUpAt(seconds: number, ...logs: readonly SyntheticLog[]): Promise<Manifest> {
  await goTo(firstCommit + seconds * 1000)
  return backUpLogs(repository, ...logs)
}

function restore(to: number, systemTo: number): void {
  const dataDir = join(folder, `restored to ${to}`)
  restored = { log: log.copyUpTo(to, dataDir), system: system.copyUpTo(systemTo, dataDir) }
}

const writeAt = async (of: SyntheticLog, seconds: number, body = ''): Promise<void> => {
  await archiveAll(repository, of.write(1, { body, commitTime: firstCommit + seconds * 1000 }))
}

const planned = async (point: RestorePoint): Promise<{ ends: number[]; doubts: string[] }> => {
  const { replays, doubts } = await planTo(repository, point)
  return { ends: replays.map(({ to }) => to.id), doubts }
}

describe('[archive.lineages] another database, of which a restore gave up what is archived, and which has written nothing since', () => {
  /** Restored to the end of what is archived of neo4j, which goes on in its lineage. */
  beforeEach(async () => {
    restore(8, 3)
    await writeAt(restored.log, 100)
  })
  const doubt = ({ id }: Manifest): unknown =>
    expect.stringMatching(
      `^system ends with transaction 3 of 2026-01-01T00:00:03.000Z; .* up to transaction 4 of 2026-01-01T00:00:09.000Z, is left out: backup ${id}, .* ends with transaction 3, so a restore .* or one of the clocks`,
    )

  test('does not get it back on a backup of then, and that is said', async () => {
    const backup = await backUpAt(200, restored.log, restored.system)
    await writeAt(restored.log, 300)
    for (const [point, end] of [
      [latest, 10],
      [tx(10), 10],
      [tx(9), 9],
      [at(250), 9],
    ] as const)
      expect(await planned(point)).toEqual({ ends: [end, 3], doubts: [doubt(backup)] })
    // What was before the restore is as it was.
    for (const [point, ends] of [
      [tx(8), [8, 3]],
      [at(12), [8, 4]],
    ] as const)
      expect(await planned(point)).toEqual({ ends, doubts: [] })
  })

  test('does not get it back on an older backup, and that is said', async () => {
    const backup = await backUpAt(200, restored.system)
    await writeAt(restored.log, 300)
    expect(await planned(latest)).toEqual({ ends: [10, 3], doubts: [doubt(backup)] })
  })

  test('has it where the backup has, and that is said', async () => {
    await backUpAt(20, log, system)
    const { id } = await backUpAt(200, restored.system)
    expect(await planned(latest)).toEqual({
      ends: [9, 4],
      doubts: [expect.stringMatching(`^system ends with transaction 4 of [^ ]*Z; backup ${id}, .* ends with transaction 3, so`)],
    })
  })

  test('goes on in what it writes next', async () => {
    await backUpAt(200, restored.log, restored.system)
    await writeAt(restored.system, 250, 'after')
    await writeAt(restored.log, 300)
    for (const point of [latest, tx(10), at(250)]) {
      const { replays, doubts } = await planTo(repository, point)
      expect(replays[1]!.to).toMatchObject({ id: 4, checksum: restored.system.at(4).checksum })
      expect(doubts).toEqual([])
    }
  })

  test('is not cut to a backup of before it stood further', async () => {
    await backUpAt(200, restored.log, restored.system)
    await writeAt(restored.log, 210)
    // Restored once more, with all of system.
    const dataDir = join(folder, 'once more')
    const again = restored.log.copyUpTo(9, dataDir)
    system.copyUpTo(4, dataDir)
    await writeAt(again, 300, 'after')
    const { replays, doubts } = await planTo(repository, latest)
    expect(replays).toMatchObject([
      { from: { id: 9 }, to: { id: 10 } },
      { from: { id: 3 }, to: { id: 4 } },
    ])
    expect(doubts).toEqual([])
  })
})

test('[archive.lineages] another database is not taken beyond where a newer backup has it, where that is known of a later lineage', async () => {
  restore(6, 3)
  await writeAt(restored.log, 100, 'after')
  await writeAt(restored.system, 110, 'after')
  const dataDir = join(folder, 'once more')
  const again = { log: restored.log.copyUpTo(7, dataDir), system: restored.system.copyUpTo(3, dataDir) }
  await goTo(Date.now() + 100_000)
  const { id } = await backUpLogs(repository, again.log, again.system)
  await archiveAll(repository, again.log.write(1, { commitTime: Date.now() + 200_000 }))
  expect(await planned(latest)).toEqual({
    ends: [8, 3],
    doubts: [expect.stringMatching(`^system ends with transaction 3 .*up to transaction 4 .* backup ${id}`)],
  })
})

describe('[archive.lineages] another database is followed without a doubt', () => {
  test('where it is idle, and is backed up daily', async () => {
    for (const day of [1, 2, 3]) {
      await writeAt(log, day * 86_400)
      await backUpAt(day * 86_400 + 100, log, system)
    }
    await writeAt(log, 4 * 86_400)
    for (const [point, end] of [
      [latest, 12],
      [tx(10), 10],
      [at(3 * 86_400), 11],
    ] as const)
      expect(await planned(point)).toEqual({ ends: [end, 4], doubts: [] })
  })

  test('where it wrote something after the newest backup, and within a minute before it was begun', async () => {
    await backUpAt(60, log, system)
    await writeAt(log, 70)
    await writeAt(system, 50)
    expect(await planned(latest)).toEqual({ ends: [9, 5], doubts: [] })
    await writeAt(system, 80)
    expect(await planned(latest)).toEqual({ ends: [9, 6], doubts: [] })
  })

  test('where a later backup has it all, and an earlier one is what log is put on', async () => {
    await writeAt(log, 100)
    await writeAt(system, 110)
    await backUpAt(200, log, system)
    expect(await planned(tx(8))).toEqual({ ends: [8, 3], doubts: [] })
    expect(await planned(at(150))).toEqual({ ends: [9, 5], doubts: [] })
  })

  test('after a restore, where it stood at what was archived', async () => {
    restore(6, 3)
    await writeAt(restored.log, 100, 'after')
    for (const day of [1, 2]) {
      await backUpAt(day * 86_400, restored.log, restored.system)
      await writeAt(restored.log, day * 86_400 + 100)
    }
    for (const point of [latest, tx(9), at(86_400 + 200)]) {
      const { ends, doubts } = await planned(point)
      expect([ends[1], doubts]).toEqual([3, []])
    }
  })

  test('where the backup is of a trial that had stayed behind', async () => {
    restore(6, 3)
    await backUpAt(200, restored.log, restored.system)
    await writeAt(log, 300)
    expect(await planned(latest)).toEqual({ ends: [9, 4], doubts: [] })
    expect(await planned(at(250))).toEqual({ ends: [8, 4], doubts: [] })
  })
})

describe('[archive.lineages] where the newest is a backup that is ahead of the archive, another database', () => {
  test('does not get back what a restore gave up before', async () => {
    restore(6, 3)
    await writeAt(restored.log, 20, 'after')
    const time = Date.now() + 5000
    await goTo(time + 5000)
    await backUpLogs(repository, restored.log.write(2, { body: 'after', commitTime: time }), restored.system)
    for (const point of [latest, tx(9), { kind: 'time', time: new Date(time + 2000) } as const])
      expect(await planned(point)).toEqual({ ends: [9, 3], doubts: [] })
  })

  test('has what was committed by then, where only a later restore gave that up', async () => {
    await backUpAt(8, log.write(2), system.copyUpTo(3, join(folder, 'as it was read')))
    restore(6, 3)
    await writeAt(restored.log, 20, 'after')
    expect((await planned(tx(10))).ends).toEqual([10, 4])
  })

  test('goes to its own end', async () => {
    log.write(2)
    await backUpAt(20, log, system)
    await archiveAll(repository, system.write(2, { commitTime: firstCommit + 100_000 }))
    expect(await planned(latest)).toEqual({ ends: [10, 6], doubts: [] })
    expect(await planned(tx(10))).toEqual({ ends: [10, 4], doubts: [] })
  })

  test('ends with it where that was left', async () => {
    const [first] = await repository.listBackups()
    log.write(2)
    await backUpAt(20, log)
    const kept = await backUpAt(21, log, system)
    restore(6, 4)
    await writeAt(restored.log, 15, 'after')
    await writeAt(restored.system, 100, 'after')
    await repository.deleteBackups([first!.id])
    const { manifest, replays } = await planTo(repository, latest)
    expect(manifest.id).toBe(kept.id)
    expect(replays.map(({ to }) => to.id)).toEqual([10, 4])
  })
})
