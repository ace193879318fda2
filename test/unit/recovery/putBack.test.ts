import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { segmentName } from '../../../src/repository/segmentName.ts'
import { archiveAll } from '../../support/archiving.ts'
import { at, latest, planTo, tx } from '../../support/planning.ts'
import { firstCommit, type SyntheticLog } from '../../support/syntheticLog.ts'
import { type ServerLogs, SyntheticServer } from '../../support/syntheticServer.ts'

let server: SyntheticServer
beforeEach(async () => {
  server = await SyntheticServer.create()
})
afterEach(() => {
  server[Symbol.dispose]()
})

/** What the newest is restored to, and the ends of logs in the same words. */
async function newest(): Promise<{ ends: unknown[]; doubts: string[] }> {
  const { replays, doubts } = await planTo(server.repository, latest)
  return { ends: replays.map(({ to: { id, checksum } }) => ({ id, checksum })), doubts }
}

function endsOf({ log, system }: ServerLogs): unknown[] {
  return [log, system].map(({ last: { id, checksum } }) => ({ id, checksum }))
}

describe('[archive.lineages] where a restore to the very end of a database put another one back, the newest has that one as it went on', () => {
  let hours = 0
  const body = (): { body: string; commitTime: number } => ({ body: `hour ${++hours}`, commitTime: server.clock.now().getTime() })
  const write = async (log: SyntheticLog, count = 1): Promise<void> => {
    server.clock.jump(3_600_000)
    await archiveAll(server.repository, log.write(count, body()), { clock: server.clock })
  }
  const backUp = async ({ log, system }: ServerLogs): Promise<void> => {
    server.clock.jump(3_600_000)
    const seconds = (server.clock.now().getTime() - firstCommit) / 1000
    await server.backUpAt(seconds, log, system)
    server.clock.jump(3_600_000)
  }

  /** Restored once, so that a lineage of the first database says where the other one stood, and again behind that, to before the change of the other one. */
  const restoredTwice = async (changes: number, isShown: boolean, { isArchivedAtOnce = true } = {}): Promise<ServerLogs> => {
    await write(server.log, 3)
    await write(server.system)
    await backUp(server)
    await write(server.log, 7)
    await write(server.system)
    const once = server.restored(7, 2, 'once')
    await backUp(once)
    once.system.write(changes, body())
    await write(once.log)
    await write(once.system, 0)
    const dataDir = join(server.folder, 'twice')
    const twice = { log: once.log.copyUpTo(8, dataDir), system: once.system.copyUpTo(2, dataDir) }
    if (isShown) await backUp(twice)
    if (isArchivedAtOnce) await write(twice.log)
    else twice.log.write(1, body())
    await write(twice.system)
    await write(twice.log)
    return twice
  }

  test.each([
    ['and a backup shows it', 1, true],
    ['and no backup shows it', 1, false],
    ['to an earlier transaction', 2, true],
  ])('%s', async (_, changes, isShown) => {
    const logs = await restoredTwice(changes, isShown)
    expect(await newest()).toEqual({ ends: endsOf(logs), doubts: [] })
  })

  test.each([0, 1, 2])('and it is backed up there, where it stood at %i behind before', async (changes) => {
    const logs = await restoredTwice(changes, true)
    await backUp(logs)
    await write(logs.system, 2)
    await write(logs.log, 2)
    expect(await newest()).toEqual({ ends: endsOf(logs), doubts: [] })
  })

  /** All that is older than the newest backup goes, with the log that shows where the first database stood when the other one was put back. */
  const withoutOlder = async (logs: ServerLogs): Promise<void> => {
    await write(logs.log, 2)
    await backUp(logs)
    const backups = await server.repository.listBackups()
    const { plan } = await server.repository.deleteBackups(backups.slice(0, -1).map(({ id }) => id))
    expect(plan.segmentsFreed).toBeGreaterThan(0)
    await write(logs.system, 2)
    await write(logs.log, 2)
  }

  test.each([0, 1])('also where what is older is deleted, and the backup has %i of what it went on with', async (behind) => {
    const logs = await restoredTwice(1, true)
    await write(logs.system, behind)
    await withoutOlder(logs)
    expect(await newest()).toEqual({ ends: endsOf(logs), doubts: [] })
  })

  test('and what shows it is damaged, at an earlier transaction that needs nothing of that', async () => {
    await restoredTwice(1, false, { isArchivedAtOnce: false })
    const { storage, repository } = server
    const { segments } = await repository.archive.list()
    const shows = segments.find(({ first, last }) => first === 9 && last === 10)!
    await storage.delete(segmentName(shows))
    await storage.put(segmentName(shows), Buffer.from('nonsense'))
    const { replays } = await planTo(repository, tx(8), shows.lineage)
    expect(replays.map(({ to: { id } }) => id)).toEqual([8, 3])
  })

  test('and nothing tells where the first one stood then, it has that too, and the doubt is told', async () => {
    const { log, system } = await restoredTwice(1, false)
    // Beside no log of the first database.
    const alone = system.copyUpTo(2, join(server.folder, 'alone'))
    await write(alone)
    const { ends, doubts } = await newest()
    expect(ends).toEqual(endsOf({ log, system: alone }))
    expect(doubts).toEqual([expect.stringMatching(/^system ends with transaction 3 .* no archived log of neo4j tells any more/)])
  })
})

test('[archive.lineages] what went on from the end that another database was restored to comes first, whatever the clocks say', async () => {
  const { log, system, repository } = server
  log.write(3)
  system.write(1)
  await server.backUpAt(3, log, system)
  log.write(6)
  await server.writeAt(7, system)
  await server.writeAt(9, system)
  await archiveAll(repository, log)
  const logs = server.restored(8, 3)
  await server.writeAt(20, logs.log, 'later')
  // By a clock that is right now, and was ahead before.
  await server.writeAt(6, logs.system, 'later')
  await server.writeAt(6.5, logs.system, 'later')
  expect(await newest()).toEqual({ ends: endsOf(logs), doubts: [] })
})

test('[archive.lineages] so does what another one went on from since, at an earlier moment', async () => {
  const { log, system, repository } = server
  await server.backUpAt(3, log.write(2), system.write(1))
  await archiveAll(repository, log.write(60))
  await server.writeAt(20, system)
  // By a clock that was ahead.
  await server.writeAt(40, system, 'given up')
  const second = system.copyUpTo(3, join(server.folder, 'second'))
  for (const seconds of [35, 50, 52]) await server.writeAt(seconds, second, 'second')
  const third = second.copyUpTo(5, join(server.folder, 'third'))
  await server.writeAt(55, third, 'third')
  const { replays } = await planTo(repository, at(45))
  const { id, checksum } = replays[1]!.to
  expect({ id, checksum }).toEqual({ id: 4, checksum: second.at(4).checksum })
})

test('[archive.lineages] a trial that goes on with another database alone is not taken for one that was put back', async () => {
  const { log, system, repository } = server
  await server.backUpAt(3, log.write(3), system.write(1))
  await archiveAll(repository, log.write(3))
  await server.writeAt(6, system)
  const production = server.restored(6, 3)
  const { clock } = server
  clock.jumpTo(firstCommit + 100_000)
  await archiveAll(repository, production.log.write(2, { body: 'production', commitTime: firstCommit + 50_000 }), { clock })
  const trial = system.copyUpTo(2, join(server.folder, 'trial'))
  log.copyUpTo(5, join(server.folder, 'trial'))
  clock.jumpTo(firstCommit + 200_000)
  await archiveAll(repository, trial.write(1, { body: 'trial', commitTime: firstCommit + 150_000 }), { clock })
  await server.writeAt(160, production.log)
  const { replays } = await planTo(repository, latest)
  expect(replays.map(({ to }) => to.checksum)).toEqual([production.log.last.checksum, system.last.checksum])
})

test('[archive.lineages] nor is a trial that went on with both further than what is archived of production', async () => {
  const { log, system, repository, clock } = server
  await server.backUpAt(3, log.write(3), system.write(1))
  await archiveAll(repository, log.write(3))
  await server.writeAt(6, system)
  const production = server.restored(6, 3)
  clock.jumpTo(firstCommit + 100_000)
  await archiveAll(repository, production.log.write(2, { body: 'production', commitTime: firstCommit + 50_000 }), { clock })
  const { segments } = await repository.archive.list()
  const { lineage } = segments.find(({ last, checksum }) => last === 8 && checksum === production.log.last.checksum)!
  const trial = server.restored(5, 2, 'trial')
  clock.jumpTo(firstCommit + 200_000)
  await archiveAll(repository, trial.log.write(6, { body: 'trial', commitTime: firstCommit + 140_000 }), { clock })
  await archiveAll(repository, trial.system.write(1, { body: 'trial', commitTime: firstCommit + 150_000 }), { clock })
  const { replays, doubts } = await planTo(repository, latest, lineage)
  expect(replays.map(({ to }) => to.checksum)).toEqual([production.log.last.checksum, system.last.checksum])
  expect(doubts).toEqual([expect.stringContaining('which was left for')])
})
