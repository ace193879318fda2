import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { archiveAll, backUpLogs } from '../../support/archiving.ts'
import type { ManualClock } from '../../support/manualClock.ts'
import { latest, planTo, tx } from '../../support/planning.ts'
import type { SyntheticLog } from '../../support/syntheticLog.ts'
import { SyntheticServer } from '../../support/syntheticServer.ts'

const hour = 3_600_000
/** Archivers describe lineages by the clock of the system. */
const restoredAt = Date.now()

let server: SyntheticServer
let clock: ManualClock
let repository: Repository
let log: SyntheticLog
let system: SyntheticLog
beforeEach(async () => {
  server = await SyntheticServer.create()
  ;({ clock, repository, log, system } = server)
  clock.jumpTo(restoredAt - 100 * hour)
})
afterEach(() => server[Symbol.dispose]())

/** An hour later by all clocks. */
function later(): { body: string; commitTime: number } {
  clock.jump(hour)
  return { body: `at ${clock.now().toISOString()}`, commitTime: clock.now().getTime() }
}

async function backUp(): Promise<void> {
  later()
  await backUpLogs(repository, log, system)
}

async function archive(): Promise<void> {
  await archiveAll(repository, log)
  await archiveAll(repository, system)
}

/** What is wrong with restores to the end and to other points, in words: questions end the test. */
async function flaws(...points: readonly RestorePoint[]): Promise<string[]> {
  const found: string[] = []
  for (const point of [latest, tx(log.last.id), ...points]) {
    const { replays, doubts } = await planTo(repository, point)
    found.push(...doubts)
    if (point.kind !== 'time' && replays[0]!.to.checksum !== log.last.checksum) found.push('neo4j is not at its end')
    if (point.kind === 'latest' && replays[1]!.to.checksum !== system.last.checksum) found.push('system is not at its end')
  }
  return found
}

/** A few days: busy, idle, with an archive that lags. */
async function days(): Promise<string[]> {
  const found: string[] = []
  for (const isIdle of [false, true, false]) {
    if (!isIdle) log.write(2, later())
    await archive()
    found.push(...(await flaws()))
    await backUp()
    const beforeBackup: RestorePoint = { kind: 'time', time: new Date(clock.now().getTime() - 1000) }
    found.push(...(await flaws(beforeBackup)))
  }
  system.write(1, later())
  await archive()
  found.push(...(await flaws()))
  log.write(2, later())
  await backUp()
  found.push(...(await flaws()))
  await archive()
  return [...found, ...(await flaws())]
}

test('[archive.lineages] daily backups ask nothing, also not of a production that was restored once, nor of one that was restored twice', async () => {
  log.write(3, later())
  system.write(2, later())
  await backUp()
  await archive()
  expect(await days()).toEqual([])
  // Two restores to before what was archived, one of them to before the other; then one after a loss.
  for (const [undone, undoneOfSystem] of [
    [3, 1],
    [14, 1],
    [0, 0],
  ] as const) {
    log.write(2, later())
    system.write(1, later())
    await archive()
    clock.jumpTo(Math.max(clock.now().getTime(), Date.now() + hour))
    const dataDir = join(server.folder, `without ${undone}`)
    log = log.copyUpTo(log.last.id - undone, dataDir)
    system = system.copyUpTo(system.last.id - undoneOfSystem, dataDir)
    log.write(1, later())
    await archive()
    expect(await days()).toEqual([])
  }
})
