import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { archiveAll, backUpLogs } from '../../support/archiving.ts'
import { at, latest, planTo, tx } from '../../support/planning.ts'
import { firstCommit, type SyntheticLog } from '../../support/syntheticLog.ts'
import { type ServerLogs, SyntheticServer } from '../../support/syntheticServer.ts'

let server: SyntheticServer
let repository: Repository
let log: SyntheticLog
let system: SyntheticLog
/** neo4j and system restored to earlier transactions. */
let restored: ServerLogs
beforeEach(async () => {
  server = await SyntheticServer.create()
  ;({ repository, log, system } = server)
  await server.backUpAt(4, log.write(3), system.write(2))
  await archiveAll(repository, log.write(4))
  await server.writeAt(9, system)
})
afterEach(() => server[Symbol.dispose]())

const planned = async (point: RestorePoint): Promise<{ ends: number[]; doubts: string[] }> => {
  const { replays, doubts } = await planTo(repository, point)
  return { ends: replays.map(({ to }) => to.id), doubts }
}

describe('[archive.lineages] another database, of which a restore gave up what is archived, and which has written nothing since', () => {
  /** Restored to the end of what is archived of neo4j, which goes on in its lineage. */
  beforeEach(async () => {
    restored = server.restored(8, 3)
    await server.writeAt(100, restored.log)
  })
  const doubt = ({ id }: Manifest): unknown =>
    expect.stringMatching(
      `^system ends with transaction 3 of 2026-01-01T00:00:03.000Z; .* up to transaction 4 of 2026-01-01T00:00:09.000Z, is left out: backup ${id}, .* ends with transaction 3, so a restore .* or one of the clocks`,
    )

  test('does not get it back on a backup of then, and that is said', async () => {
    const backup = await server.backUpAt(200, restored.log, restored.system)
    await server.writeAt(300, restored.log)
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
    const backup = await server.backUpAt(200, restored.system)
    await server.writeAt(300, restored.log)
    expect(await planned(latest)).toEqual({ ends: [10, 3], doubts: [doubt(backup)] })
  })

  test('has it where the backup has, and that is said', async () => {
    await server.backUpAt(20, log, system)
    const { id } = await server.backUpAt(200, restored.system)
    expect(await planned(latest)).toEqual({
      ends: [9, 4],
      doubts: [expect.stringMatching(`^system ends with transaction 4 of [^ ]*Z; backup ${id}, .* ends with transaction 3, so`)],
    })
  })

  test('goes on in what it writes next', async () => {
    await server.backUpAt(200, restored.log, restored.system)
    await server.writeAt(250, restored.system, 'after')
    await server.writeAt(300, restored.log)
    for (const point of [latest, tx(10), at(250)]) {
      const { replays, doubts } = await planTo(repository, point)
      expect(replays[1]!.to).toMatchObject({ id: 4, checksum: restored.system.at(4).checksum })
      expect(doubts).toEqual([])
    }
  })

  test('is not cut to a backup of before it stood further', async () => {
    await server.backUpAt(200, restored.log, restored.system)
    await server.writeAt(210, restored.log)
    // Restored once more, with all of system.
    const dataDir = join(server.folder, 'once more')
    const again = restored.log.copyUpTo(9, dataDir)
    system.copyUpTo(4, dataDir)
    await server.writeAt(300, again, 'after')
    const { replays, doubts } = await planTo(repository, latest)
    expect(replays).toMatchObject([
      { from: { id: 9 }, to: { id: 10 } },
      { from: { id: 3 }, to: { id: 4 } },
    ])
    expect(doubts).toEqual([])
  })
})

test('[archive.lineages] another database is not taken beyond where a newer backup has it, where that is known of a later lineage', async () => {
  restored = server.restored(6, 3)
  await server.writeAt(100, restored.log, 'after')
  await server.writeAt(110, restored.system, 'after')
  const dataDir = join(server.folder, 'once more')
  const again = { log: restored.log.copyUpTo(7, dataDir), system: restored.system.copyUpTo(3, dataDir) }
  server.clock.jumpTo(Date.now() + 100_000)
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
      await server.writeAt(day * 86_400, log)
      await server.backUpAt(day * 86_400 + 100, log, system)
    }
    await server.writeAt(4 * 86_400, log)
    for (const [point, end] of [
      [latest, 12],
      [tx(10), 10],
      [at(3 * 86_400), 11],
    ] as const)
      expect(await planned(point)).toEqual({ ends: [end, 4], doubts: [] })
  })

  test('where it wrote something after the newest backup, and within a minute before it was begun', async () => {
    await server.backUpAt(60, log, system)
    await server.writeAt(70, log)
    await server.writeAt(50, system)
    expect(await planned(latest)).toEqual({ ends: [9, 5], doubts: [] })
    await server.writeAt(80, system)
    expect(await planned(latest)).toEqual({ ends: [9, 6], doubts: [] })
  })

  test('where a later backup has it all, and an earlier one is what log is put on', async () => {
    await server.writeAt(100, log)
    await server.writeAt(110, system)
    await server.backUpAt(200, log, system)
    expect(await planned(tx(8))).toEqual({ ends: [8, 3], doubts: [] })
    expect(await planned(at(150))).toEqual({ ends: [9, 5], doubts: [] })
  })

  test('after a restore, where it stood at what was archived', async () => {
    restored = server.restored(6, 3)
    await server.writeAt(100, restored.log, 'after')
    for (const day of [1, 2]) {
      await server.backUpAt(day * 86_400, restored.log, restored.system)
      await server.writeAt(day * 86_400 + 100, restored.log)
    }
    for (const point of [latest, tx(9), at(86_400 + 200)]) {
      const { ends, doubts } = await planned(point)
      expect([ends[1], doubts]).toEqual([3, []])
    }
  })

  test('where the backup is of a trial that had stayed behind', async () => {
    restored = server.restored(6, 3)
    await server.backUpAt(200, restored.log, restored.system)
    await server.writeAt(300, log)
    expect(await planned(latest)).toEqual({ ends: [9, 4], doubts: [] })
    const goneBack = expect.stringMatching(/^neo4j ends with .* so the database had gone back to that/) as string
    expect(await planned(at(250))).toEqual({ ends: [8, 4], doubts: [goneBack] })
  })
})

describe('[archive.lineages] where the newest is a backup that is ahead of the archive, another database', () => {
  test('does not get back what a restore gave up before', async () => {
    restored = server.restored(6, 3)
    await server.writeAt(20, restored.log, 'after')
    const time = Date.now() + 5000
    server.clock.jumpTo(time + 5000)
    await backUpLogs(repository, restored.log.write(2, { body: 'after', commitTime: time }), restored.system)
    for (const point of [latest, tx(9), { kind: 'time', time: new Date(time + 2000) } as const])
      expect(await planned(point)).toEqual({ ends: [9, 3], doubts: [] })
  })

  test('has what was committed by then, where only a later restore gave that up', async () => {
    await server.backUpAt(8, log.write(2), system.copyUpTo(3, join(server.folder, 'as it was read')))
    restored = server.restored(6, 3)
    await server.writeAt(20, restored.log, 'after')
    expect((await planned(tx(10))).ends).toEqual([10, 4])
  })

  test('goes to its own end', async () => {
    log.write(2)
    await server.backUpAt(20, log, system)
    await archiveAll(repository, system.write(2, { commitTime: firstCommit + 100_000 }))
    expect(await planned(latest)).toEqual({ ends: [10, 6], doubts: [] })
    expect(await planned(tx(10))).toEqual({ ends: [10, 4], doubts: [] })
  })

  test('ends with it where that was left', async () => {
    const [first] = await repository.listBackups()
    log.write(2)
    await server.backUpAt(20, log)
    const kept = await server.backUpAt(21, log, system)
    restored = server.restored(6, 4)
    await server.writeAt(15, restored.log, 'after')
    await server.writeAt(100, restored.system, 'after')
    await repository.deleteBackups([first!.id])
    const { manifest, replays } = await planTo(repository, latest)
    expect(manifest.id).toBe(kept.id)
    expect(replays.map(({ to }) => to.id)).toEqual([10, 4])
  })
})
