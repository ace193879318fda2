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
import { planTo, tx } from '../../support/planning.ts'
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
