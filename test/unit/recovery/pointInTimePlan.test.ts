import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PointInTimePlan } from '../../../src/recovery/pointInTimePlan.ts'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, archived, backUpLogs, newRepository, putSegment, segmentOf } from '../../support/archiving.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { at, endsOfPlan, planTo, tx, windowsOf } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)

let folder: string
let storage: Storage
let repository: Repository
let clock: ManualClock
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-plan-'))
  storage = memoryStorage()
  clock = new ManualClock(new Date(firstCommit))
  repository = await newRepository({ storage, clock })
  log = SyntheticLog.create(join(folder, 'data'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const plan = async (point: RestorePoint, lineage?: string): Promise<PointInTimePlan> => planTo(repository, point, lineage)
const ends = async (point: RestorePoint, lineage?: string): Promise<number[]> => endsOfPlan(repository, point, lineage)
const refused = async (point: RestorePoint, hint: string | RegExp): Promise<void> =>
  expect(plan(point)).rejects.toMatchObject({ code: 'refused', hint: expect.stringMatching(hint) as string })
/** A backup that is made when the last transaction is committed, or so many milliseconds later. */
const backUp = async (source: SyntheticLog, later = 0): Promise<Manifest> => {
  clock.jumpTo(source.last.commitTime + later)
  return backUpLogs(repository, source)
}
const windows = async (): Promise<string[]> => windowsOf(repository)

describe('one backup with archived log behind it', () => {
  beforeEach(async () => {
    log.write(3)
    await backUp(log)
    log.write(3).rotate().write(4)
    await archiveAll(repository, log)
  })

  test('every transaction and every moment between is reached, none before the backup', async () => {
    for (let id = 4; id <= 11; id++) {
      expect(await ends(tx(id))).toEqual([4, id])
      expect(await ends(at(id))).toEqual([4, id])
      if (id < 11) expect(await ends(at(id, 999))).toEqual([4, id])
    }
    expect(await ends({ kind: 'latest' })).toEqual([4, 11])
    await refused(tx(3), /^the nearest points that can be restored: after it transaction 4 of 2026-01-01T00:00:04/)
    await refused(at(4, -1), 'after it transaction 4 ')
    await refused(tx(12), /before it transaction 11 of 2026-01-01T00:00:11.000Z$/)
    expect(await windows()).toEqual([`${root} 4-11`])
  })

  test('the newest backup before the point is taken', async () => {
    await backUp(log)
    log.write(2)
    await archiveAll(repository, log)
    expect(await ends(tx(10))).toEqual([4, 10])
    expect(await ends(tx(12))).toEqual([11, 12])
    expect(await windows()).toEqual([`${root} 4-13`])
  })

  test('a damaged segment that is needed is refused, one that is not needed is not read', async () => {
    const [first] = (await repository.archive.list()).segments
    await storage.delete(segmentName(first!))
    await storage.put(segmentName(first!), Buffer.from('nonsense'))
    await expect(plan(tx(9))).rejects.toMatchObject({ code: 'integrity' })
    expect(await ends(tx(4))).toEqual([4, 4])
    await backUp(log)
    expect(await ends(tx(11))).toEqual([11, 11])
  })

  test('a segment that holds another log than its name says is refused', async () => {
    const other = log.copyUpTo(7, join(folder, 'other')).rotate().write(4, { body: 'longer than before' })
    const segment = (await repository.archive.list()).segments.at(-1)!
    await storage.delete(segmentName(segment))
    const named = { ...segment, end: other.at(11).end }
    await repository.archive.putSegment(
      named,
      (async function* () {
        yield await Promise.resolve(other.slice(8, 11))
      })(),
    )
    await expect(plan(tx(9))).rejects.toMatchObject({ code: 'integrity' })
  })

  test('a backup whose manifest is damaged is named and not considered', async () => {
    const { id } = await backUp(log)
    await storage.delete(`backups/${id}/manifest`)
    await storage.put(`backups/${id}/manifest`, Buffer.from('nonsense'))
    expect(await plan(tx(11))).toMatchObject({ damaged: [id], replays: [{ from: { id: 4 }, to: { id: 11 } }] })
  })

  test('[archive.point-in-time] a moment behind the end of the archive is refused: what was committed up to then may be on its way', async () => {
    const advice =
      /before it transaction 11 of 2026-01-01T00:00:11.000Z; take --latest where the database is idle, or wait until the archive/
    for (const moment of [at(11, 1), at(12), at(1000)]) await refused(moment, advice)
    for (const point of [at(9, 500), tx(7), { kind: 'latest' } as const]) expect((await plan(point)).doubts).toEqual([])
    expect((await plan(at(11))).doubts).toEqual([expect.stringContaining('another one of it may be on its way')])
    log.write(1, { commitTime: firstCommit + 60_000 })
    await archiveAll(repository, log)
    expect(await ends(at(59))).toEqual([4, 11])
    await refused(at(61), 'before it transaction 12 ')
  })

  test('[archive.point-in-time] a later backup that ends with the same transaction proves that nothing was committed', async () => {
    await backUp(log, 5000)
    expect(await ends(at(11, 5000))).toEqual([11, 11])
    expect((await plan(at(14))).doubts).toEqual([])
    await refused(at(11, 5001), 'take --latest')
    // A transaction behind that backup says more than it.
    log.write(1, { commitTime: firstCommit + 60_000 })
    await archiveAll(repository, log)
    expect(await ends(at(59))).toEqual([11, 11])
  })

  test('a backup that was made in time but ends later, or with another transaction of the same id, proves nothing', async () => {
    await backUp(log.write(1), 5000)
    await refused(at(11, 500), 'before it transaction 11 of .*; after it transaction 12 of')
    await backUp(log.copyUpTo(10, join(folder, 'other')).write(1, { body: 'other' }), 5000)
    await expect(plan(at(11, 500), root)).rejects.toMatchObject({ code: 'refused' })
  })

  test('what was committed out of order ends before the first one that is later', async () => {
    log
      .write(1, { commitTime: firstCommit + 20_000 })
      .write(1, { commitTime: firstCommit + 15_000 })
      .write(1)
    await archiveAll(repository, log)
    expect(await ends(at(16))).toEqual([4, 11])
    expect(await ends(at(20))).toEqual([4, 14])
    await refused(at(20, 1), 'before it transaction 14 of 2026-01-01T00:00:20.000Z; take --latest')
  })
})

describe('backups that end within a segment', () => {
  /** How many segments are read by some work. */
  const segmentsRead = async (work: () => Promise<unknown>): Promise<number> => {
    const get = vi.spyOn(storage, 'get')
    await work()
    const read = get.mock.calls.filter(([name]) => name.endsWith('.segment'))
    get.mockRestore()
    return read.length
  }
  beforeEach(async () => {
    await backUp(log.write(3))
    await backUp(log.write(2))
    await backUp(log.write(2))
    await archiveAll(repository, log.write(1))
    await archiveAll(repository, log.write(2))
  })

  test('[damage.detected] are restored as they are where it is damaged, it is told that they may be of another history, and all else that can be is told', async () => {
    expect(await archived(repository)).toEqual(['5-9', '10-11'])
    const segment = segmentName((await repository.archive.list()).segments[0]!)
    await storage.delete(segment)
    await storage.put(segment, Buffer.from('nonsense'))
    await backUp(log)
    for (const id of [4, 6, 8, 11]) {
      const doubts = id === 6 || id === 8 ? [expect.stringContaining(segment)] : []
      for (const lineage of [undefined, root])
        expect(await plan(tx(id), lineage)).toMatchObject({ replays: [{ from: { id }, to: { id }, links: [] }], doubts })
    }
    // That of the first one is known from where the lineage begins.
    expect(await windows()).toEqual([`${root} 4-11`, 'backup 6-6', 'backup 8-8'])
    await refused(tx(12), 'before it transaction 11 ')
    await refused(at(20), 'before it transaction 11 ')
    await expect(plan(tx(7))).rejects.toMatchObject({ code: 'integrity', message: expect.stringContaining(segment) as string })
  })

  test('a point that cannot be reached takes no more than to tell which backups lead where', async () => {
    expect(await segmentsRead(async () => refused(at(20), 'before it transaction 11 '))).toBe(2)
    expect(await segmentsRead(async () => refused(tx(20), 'before it transaction 11 '))).toBe(2)
  })
})

describe('what is missing', () => {
  test('[archive.gaps] no moment in a gap is restored, and the nearest ones on both sides are told', async () => {
    log.write(3)
    await backUp(log)
    log.write(2)
    await archiveAll(repository, log)
    log.write(3).rotate().write(2).prune()
    await archiveAll(repository, log)
    await backUp(log)
    expect((await repository.archive.list()).gaps).toEqual([{ lineage: root, first: 7, last: 9 }])
    expect(await windows()).toEqual([`${root} 4-6`, `${root} 11-11`])
    const sides = /before it transaction 6 of 2026-01-01T00:00:06.000Z; after it transaction 11 of/
    for (const id of [7, 9, 10]) await refused(tx(id), sides)
    for (const moment of [at(6, 1), at(8), at(10, 999)]) await refused(moment, sides)
    expect(await ends(tx(6))).toEqual([4, 6])
    expect(await ends(at(6))).toEqual([4, 6])
    expect(await ends(at(11))).toEqual([11, 11])
  })

  test('[archive.gaps] log that is only known to have been there is missing as well', async () => {
    log.write(3)
    await backUp(log)
    log.write(8)
    await putSegment(repository, log, segmentOf(log, 5, 6))
    await repository.archive.putLineage({
      id: root,
      database: 'neo4j',
      storeId: { creationTime: String(sampleStore.creationTime), random: sampleStore.random },
      created: '2026-01-01T00:00:00.000Z',
    })
    await putSegment(repository, log, segmentOf(log, 9, 12))
    await refused(tx(7), 'before it transaction 6 ')
    await refused(at(7), 'before it transaction 6 ')
    expect(await windows()).toEqual([`${root} 4-6`])
  })

  test('[archive.gaps] the last point before a gap is told to be one, where nothing behind it can be restored', async () => {
    log.write(3)
    await backUp(log)
    log.write(2)
    await archiveAll(repository, log)
    log.write(3).rotate().write(2).prune()
    await archiveAll(repository, log)
    const { replays, doubts } = await plan({ kind: 'latest' })
    expect(replays[0]!.to.id).toBe(6)
    expect(doubts).toEqual([expect.stringContaining('more was committed and archived, but log in between is missing')])
  })

  test('[archive.gaps] where the log right behind the backup is missing, the last point is told to be one', async () => {
    log.write(3)
    await backUp(log)
    await archiveAll(repository, log.write(2))
    await archiveAll(repository, log.write(2))
    await repository.archive.deleteSegment(segmentOf(log, 5, 6))
    const { replays, doubts } = await plan({ kind: 'latest' })
    expect(replays[0]!.to.id).toBe(4)
    expect(doubts).toEqual([expect.stringContaining('more was committed and archived, but log in between is missing')])
  })

  test('a moment between two backups without an archive is refused, the backups are not', async () => {
    log.write(3)
    await backUp(log)
    log.write(3)
    await backUp(log)
    expect(await ends(at(4))).toEqual([4, 4])
    expect(await ends(tx(7))).toEqual([7, 7])
    // Another backup of the same is no other point.
    await backUp(log)
    expect(await windows()).toEqual(['backup 4-4', 'backup 7-7'])
    await refused(at(5), 'before it transaction 4 of .*; after it transaction 7 of')
    await refused(tx(6), 'before it transaction 4 of .*; after it transaction 7 of')
  })

  test('an archive that no backup leads to is no way to anything', async () => {
    log.write(3).rotate().write(3)
    await archiveAll(repository, log)
    await refused({ kind: 'latest' }, 'there is no backup of it')
    expect(await windows()).toEqual([])
  })

  test.each([20, 33])(
    'log that begins right behind a backup of another history is not joined (kernel version %i)',
    async (kernelVersion) => {
      const mine = SyntheticLog.create(join(folder, 'mine'), { kernelVersion }).write(3)
      await backUp(mine)
      const other = mine.copyUpTo(3, join(folder, 'other')).write(1, { body: 'other' }).rotate().write(3).prune()
      await archiveAll(repository, other)
      const { lineages } = await repository.archive.list()
      expect(lineages).toEqual([root])
      await expect(plan(tx(6))).rejects.toMatchObject({ code: 'refused' })
    },
  )

  test('[archive.gaps] a moment at which a lineage without a parent may have been the one is refused', async () => {
    log.write(3)
    await backUp(log)
    log.write(10)
    await archiveAll(repository, log)
    // Restored from elsewhere, and written to for long before it was archived.
    const other = log.copyUpTo(3, join(folder, 'other')).write(4, { body: 'other' }).rotate()
    other.write(3, { body: 'other', commitTime: firstCommit + 100_000 })
    other.checkpoint().prune()
    const events = await archiveAll(repository, other)
    expect(events).toContainEqual(expect.objectContaining({ kind: 'lineage', parent: undefined }))
    await backUp(other)
    expect(await ends(at(14))).toEqual([4, 14])
    await refused(at(14, 1), 'before it transaction 14 ')
    await refused(at(50), 'before it transaction 14 ')
    expect(await ends(at(100))).toEqual([10, 10])
  })
})
