import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../../../src/repository/repository.ts'
import { archiveAll } from '../../support/archiving.ts'
import { at, latest, planTo } from '../../support/planning.ts'
import { firstCommit, type SyntheticLog } from '../../support/syntheticLog.ts'
import { type ServerLogs, SyntheticServer } from '../../support/syntheticServer.ts'

let server: SyntheticServer
let repository: Repository
let log: SyntheticLog
let system: SyntheticLog
beforeEach(async () => {
  server = await SyntheticServer.create()
  ;({ repository, log, system } = server)
  await server.backUpAt(4.5, log.write(3), system.write(2))
})
afterEach(() => server[Symbol.dispose]())

/** What is archived up to transaction 6 of an idle database; 30 seconds after the first commit a user is made. */
async function makeUser(isArchived: boolean): Promise<string> {
  await archiveAll(repository, log.write(2))
  system.write(1, { commitTime: firstCommit + 5500 }).write(1, { commitTime: firstCommit + 30_000 })
  if (isArchived) await archiveAll(repository, system)
  return (await server.backUpAt(64.5, log, system)).id
}

describe('[archive.point-in-time] a backup in which another database is behind the moment already', () => {
  test('is passed over for an earlier one and the archive, which have all as it was then', async () => {
    await makeUser(true)
    expect(await planTo(repository, at(20))).toMatchObject({
      replays: [
        { database: 'neo4j', from: { id: 4 }, to: { id: 6 } },
        { database: 'system', from: { id: 3 }, to: { id: 4 } },
      ],
      doubts: [],
    })
    for (const point of [at(30), latest])
      expect(await planTo(repository, point)).toMatchObject({ replays: [{ from: { id: 6 } }, { to: { id: 5 } }], doubts: [] })
  })

  test('is taken where nothing else tells what was then, and that is said', async () => {
    const id = await makeUser(false)
    const { replays, doubts } = await planTo(repository, at(20))
    expect(replays).toMatchObject([{ from: { id: 6 } }, { to: { id: 5 } }])
    expect(doubts).toEqual([
      `system ends with transaction 5 of 2026-01-01T00:00:30.000Z, as backup ${id} has it, which is after the moment`,
    ])
  })
})

describe('[archive.lineages] a backup in which another database has what a restore gave up', () => {
  /** neo4j restored to the backup's end, 6, and system to 4; written to and archived since. */
  const goOn = async (): Promise<void> => {
    const restored = server.restored(6, 4)
    await archiveAll(repository, log.write(2))
    await archiveAll(repository, restored.log.write(2, { body: 'after', commitTime: firstCommit + 100_000 }))
  }

  test('is passed over for an earlier one and the archive', async () => {
    await makeUser(true)
    await goOn()
    for (const point of [latest, at(100)])
      expect(await planTo(repository, point)).toMatchObject({ replays: [{ from: { id: 4 }, to: { id: 8 } }, { to: { id: 4 } }] })
  })

  test('is taken where no other one leads there, and that is said', async () => {
    const id = await makeUser(false)
    await goOn()
    const { replays, doubts } = await planTo(repository, latest)
    expect(replays).toMatchObject([{ from: { id: 6 }, to: { id: 8 } }, { to: { id: 5 } }])
    expect(doubts).toEqual([
      expect.stringMatching(`system ends with transaction 5 .* as backup ${id} has it, though it stood at transaction 4 when`),
    ])
  })
})

describe('[archive.point-in-time] after a restore of long ago, a backup in which another database is behind the moment already', () => {
  let restored: ServerLogs
  let first: string
  /** neo4j restored to 6 and system to 3, which has its transaction 4 since; what they had before up to 8 and to a user is archived. */
  const goOn = async (isArchived: boolean): Promise<void> => {
    await archiveAll(repository, log.write(4))
    await archiveAll(repository, system.write(1))
    restored = server.restored(6, 3)
    await server.writeAt(20, restored.log, 'after')
    const since = restored.system.write(1, { body: 'after', commitTime: firstCommit + 21_000 })
    if (isArchived) await archiveAll(repository, since)
    first = (await server.backUpAt(22.5, restored.log, ...(isArchived ? [since] : []))).id
  }
  /** Of 50 s, with a backup of then. */
  const makeLater = async (): Promise<string> => {
    await server.writeAt(31, restored.log)
    restored.system.write(1, { commitTime: firstCommit + 50_000 })
    const { id } = await server.backUpAt(52.5, restored.log, restored.system)
    await server.writeAt(60, restored.log)
    return id
  }

  test('is passed over where the archive proves what it was then', async () => {
    await goOn(true)
    await makeLater()
    await archiveAll(repository, restored.system)
    const { manifest, replays, doubts } = await planTo(repository, at(40))
    expect(manifest.id).toBe(first)
    expect(replays).toMatchObject([{ to: { id: 8 } }, { to: { id: 4, checksum: restored.system.at(4).checksum } }])
    expect(doubts).toEqual([])
  })

  test('is taken where the archive of that one may lack something up to the moment, and that is said', async () => {
    await goOn(true)
    restored.system.write(1, { commitTime: firstCommit + 30_000 })
    const id = await makeLater()
    const { replays, doubts } = await planTo(repository, at(40))
    expect(replays).toMatchObject([{ from: { id: 8 } }, { to: { id: 6 } }])
    expect(doubts).toEqual([
      expect.stringMatching(`system ends with transaction 6 .* as backup ${id} has it, which is after the moment`),
    ])
  })

  test('is taken where nothing is archived of it since the restore, and that is said', async () => {
    await goOn(false)
    const id = await makeLater()
    const { replays, doubts } = await planTo(repository, at(40))
    expect(replays).toMatchObject([{ from: { id: 8 } }, { to: { id: 5 } }])
    expect(doubts).toEqual([
      expect.stringMatching(`system ends with transaction 5 .* as backup ${id} has it, which is after the moment`),
    ])
  })
})
