import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PointInTimePlan } from '../../../src/recovery/pointInTimePlan.ts'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository, segmentOf } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { TickingClock } from '../../support/manualClock.ts'
import { at, planTo, tx } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
let storage: Storage
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-followers-'))
  storage = memoryStorage()
  repository = await newRepository({ storage, clock: new TickingClock() })
  log = SyntheticLog.create(join(folder, 'data'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const plan = async (point: RestorePoint, lineage?: string): Promise<PointInTimePlan> => planTo(repository, point, lineage)

describe('the other databases of a set', () => {
  const systemStore = { ...sampleStore, random: '4711' }
  let system: SyntheticLog
  const followed = async (point: RestorePoint): Promise<number> =>
    (await plan(point)).replays.find(({ database }) => database === 'system')!.to.id
  beforeEach(async () => {
    system = SyntheticLog.create(join(folder, 'data'), { database: 'system', store: systemStore }).write(1)
    log.write(3)
    await backUpLogs(repository, log, system)
  })

  test('[damage.detected] whose archived log is damaged stay as they are in the backup, and that is said', async () => {
    await archiveAll(repository, log.write(10))
    await archiveAll(repository, system.write(2))
    const segment = (await repository.archive.list()).segments.find(({ lineage }) => lineage === rootLineage(systemStore))!
    await storage.delete(segmentName(segment))
    await storage.put(segmentName(segment), Buffer.from('nonsense'))
    const { replays, doubts } = await plan({ kind: 'latest' })
    expect(replays.map(({ to }) => to.id)).toEqual([14, 2])
    expect(doubts).toEqual([expect.stringMatching(`^system stays as it is in the backup, .*${segmentName(segment)}`)])
  })

  test('follow to the same moment', async () => {
    log.write(10)
    system
      .write(2)
      .write(1, { commitTime: firstCommit + 8500 })
      .write(1, { commitTime: firstCommit + 12_000 })
    await archiveAll(repository, log)
    await archiveAll(repository, system)
    expect(await followed(tx(7))).toBe(4)
    expect(await followed(tx(9))).toBe(5)
    expect(await followed({ kind: 'latest' })).toBe(6)
  })

  test('follow the lineage that is in use at that moment, though one that was left has more transactions', async () => {
    log.write(30)
    system.write(5)
    await archiveAll(repository, log)
    await archiveAll(repository, system)
    const other = system.copyUpTo(3, join(folder, 'other')).write(1, { commitTime: firstCommit + 20_000 })
    await archiveAll(repository, other)
    expect(await followed(tx(12))).toBe(7)
    const { replays } = await plan(tx(25))
    expect(replays[1]).toMatchObject({ database: 'system', to: { id: 4, checksum: other.at(4).checksum } })
  })

  test('go to their own end where the newest is restored', async () => {
    log.write(10)
    system.write(1, { commitTime: firstCommit + 60_000 })
    await archiveAll(repository, log)
    await archiveAll(repository, system)
    expect(await followed({ kind: 'latest' })).toBe(3)
    expect(await followed(tx(14))).toBe(2)
    expect((await plan({ kind: 'latest' })).doubts).toEqual([])
  })

  test.each([
    ['in the very millisecond', 2000],
    ['by a clock that was set back', 1900],
  ])('go on where their backup ended, though what they committed next was %s', async (_, time) => {
    await archiveAll(repository, log.write(1))
    await archiveAll(repository, system.write(2, { commitTime: firstCommit + time }))
    expect(await followed({ kind: 'latest' })).toBe(4)
    expect(await followed(tx(5))).toBe(4)
    expect(await followed(at(5))).toBe(4)
  })

  test('[archive.gaps] of which the log right behind the backup is missing stay there, and that is said', async () => {
    await archiveAll(repository, system.write(1))
    await backUpLogs(repository, log, system)
    for (const count of [2, 1]) await archiveAll(repository, system.write(count))
    await repository.archive.deleteSegment(segmentOf(system, 4, 5))
    const { replays, doubts } = await plan({ kind: 'latest' })
    expect(replays[1]!.to.id).toBe(3)
    expect(doubts).toEqual([expect.stringMatching(/^system ends with transaction 3 .*: more was committed and archived/)])
  })

  describe('after a restore', () => {
    /** neo4j restored to transaction 8, which was committed at 8 s, and system to transaction 3. */
    let restored: { log: SyntheticLog; system: SyntheticLog }
    beforeEach(async () => {
      log.write(6)
      system
        .write(1, { commitTime: firstCommit + 7000 })
        .write(1, { commitTime: firstCommit + 9000 })
        .write(1, { commitTime: firstCommit + 30_000 })
      await archiveAll(repository, log)
      await archiveAll(repository, system)
      const dataDir = join(folder, 'restored')
      restored = { log: log.copyUpTo(8, dataDir), system: system.copyUpTo(3, dataDir) }
      restored.log.write(1, { commitTime: firstCommit + 20_000 }).write(1, { commitTime: firstCommit + 21_000 })
    })

    test('do not get back what the restore gave up, though they have written nothing since', async () => {
      await archiveAll(repository, restored.log)
      for (const [point, end] of [
        [{ kind: 'latest' } as const, 10],
        [tx(10), 10],
        [at(20, 500), 9],
      ] as const) {
        const { replays, doubts } = await plan(point)
        expect(replays.map(({ to }) => to.id)).toEqual([end, 3])
        expect(doubts).toEqual([])
      }
      // Before the parting, and in the history that was left, all is as it was.
      expect(await followed(tx(7))).toBe(3)
      const left = (await plan(tx(10), rootLineage(sampleStore))).replays
      expect(left.map(({ to }) => to.checksum)).toEqual([log.at(10).checksum, system.at(4).checksum])
    })

    test('go on in the lineage that they began since, whatever the clocks were', async () => {
      await archiveAll(repository, restored.log)
      restored.system.write(1, { commitTime: firstCommit + 19_000 })
      await archiveAll(repository, restored.system)
      const { replays, doubts } = await plan({ kind: 'latest' })
      expect(replays[1]!.to).toMatchObject({ id: 4, checksum: restored.system.at(4).checksum })
      expect(doubts).toEqual([])
    })

    test('may have begun theirs before, and it may be archived later', async () => {
      restored.system.write(2, { commitTime: firstCommit + 19_000 })
      await archiveAll(repository, restored.log)
      // Only what was common is archived: the history that was left is not followed.
      for (const point of [{ kind: 'latest' } as const, tx(10), at(20, 500)]) {
        const { replays, doubts } = await plan(point)
        expect(replays[1]!.to.id).toBe(2)
        expect(doubts).toEqual([
          expect.stringMatching(/^system ends with transaction 2 .* it stood at transaction 5 when .*-9-.* began/),
        ])
      }
      await archiveAll(repository, restored.system)
      const { replays, doubts } = await plan({ kind: 'latest' })
      expect(replays[1]!.to).toMatchObject({ id: 5, checksum: restored.system.at(5).checksum })
      expect(doubts).toEqual([])
    })

    describe('and one more, when their log could not be read', () => {
      const goOn = async (): Promise<SyntheticLog> => {
        const dataDir = join(folder, 'again')
        const again = restored.log.copyUpTo(9, dataDir).write(2, { body: 'again', commitTime: firstCommit + 40_000 })
        const beside = restored.system.copyUpTo(3, dataDir)
        const content = readFileSync(beside.path())
        writeFileSync(beside.path(), Buffer.alloc(256, 7))
        await archiveAll(repository, again)
        writeFileSync(beside.path(), content)
        return beside
      }

      test('do not get back what the first one gave up', async () => {
        await archiveAll(repository, restored.log)
        await goOn()
        expect((await plan({ kind: 'latest' })).replays.map(({ to }) => to.id)).toEqual([11, 3])
      })

      test('go on in what they wrote since, also where they had gone back to before the first one', async () => {
        await archiveAll(repository, restored.system.write(1, { body: 'after', commitTime: firstCommit + 19_000 }))
        await archiveAll(repository, restored.log)
        const beside = await goOn()
        await archiveAll(repository, beside.write(2, { body: 'again', commitTime: firstCommit + 50_000 }))
        const { replays } = await plan({ kind: 'latest' })
        expect(replays[1]!.to).toMatchObject({ id: 5, checksum: beside.at(5).checksum })
      })
    })

    test('are followed by their clock where their log could not be read then', async () => {
      writeFileSync(restored.system.path(), Buffer.alloc(256, 7))
      await archiveAll(repository, restored.log)
      expect(await followed(tx(10))).toBe(4)
    })
  })

  test('that were not restored with it go on in their own lineage', async () => {
    log.write(6)
    system.write(2, { commitTime: firstCommit + 9000 })
    await archiveAll(repository, log)
    await archiveAll(repository, system)
    // The same data directory, with the log of neo4j replaced.
    const other = log.copyUpTo(8, join(folder, 'other')).write(2, { commitTime: firstCommit + 20_000 })
    rmSync(log.directory, { recursive: true })
    cpSync(other.directory, log.directory, { recursive: true })
    await archiveAll(repository, log)
    system.write(1, { commitTime: firstCommit + 15_000 })
    await archiveAll(repository, system)
    const { replays } = await plan(tx(10))
    expect(replays.map(({ to }) => to.id)).toEqual([10, 5])
  })

  test('are followed on from the newest backup, also where old ones were deleted with what the log was then', async () => {
    log.write(6)
    await archiveAll(repository, log)
    system.write(1)
    await archiveAll(repository, system)
    const dataDir = join(folder, 'restored')
    const other = log.copyUpTo(8, dataDir).write(1, { commitTime: firstCommit + 20_000 })
    const beside = system.copyUpTo(3, dataDir)
    await archiveAll(repository, other)
    for (const [count, time] of [
      [1, 29_000],
      [2, 30_000],
    ] as const) {
      beside.write(count, { commitTime: firstCommit + time })
      await archiveAll(repository, beside)
    }
    await archiveAll(repository, other.write(1, { commitTime: firstCommit + 31_000 }))
    await backUpLogs(repository, other, beside)
    await archiveAll(repository, beside.write(2, { commitTime: firstCommit + 40_000 }))
    await archiveAll(repository, other.write(1, { commitTime: firstCommit + 41_000 }))
    const [oldest] = await repository.listBackups()
    await repository.deleteBackups([oldest!.id])
    const { replays, doubts } = await plan({ kind: 'latest' })
    expect(replays.map(({ to }) => to.id)).toEqual([other.last.id, beside.last.id])
    expect(doubts).toEqual([])
  })
})
