import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Located, locate } from '../../../src/archive/locate.ts'
import { openRepository, type Repository } from '../../../src/repository/repository.ts'
import { branchLineage, rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, archived, archiveOn, backUpLogs, newRepository, segmentOf, putSegment } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { metered } from '../../support/meteredStorage.ts'
import { endsOfPlan, tx } from '../../support/planning.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)

let folder: string
let storage: Storage
let repository: Repository
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-locate-'))
  storage = memoryStorage()
  repository = await newRepository({ storage })
})
afterEach(() => rmSync(folder, { recursive: true }))

const find = async (log: SyntheticLog): Promise<Located> =>
  locate(repository, log.dataDir, log.database, new AbortController().signal)
const restored = (log: SyntheticLog, id: number): SyntheticLog => log.copyUpTo(id, join(folder, `restored-${id}`))

describe.each([12, 20, 33])('kernel version %i', (kernelVersion) => {
  const make = (): SyntheticLog => SyntheticLog.create(join(folder, 'data'), { kernelVersion })

  test('a fresh archive begins where a backup made now would begin', async () => {
    const log = make().write(2).rotate().write(2).checkpoint().write(2)
    expect(await find(log)).toMatchObject({ lineage: root, place: { logVersion: 1, offset: 128, nextId: 4 }, segments: [] })
  })

  test('a fresh archive begins behind the oldest backup that the log still reaches', async () => {
    const log = make().write(2)
    await backUpLogs(repository, log)
    log.write(2)
    await backUpLogs(repository, log)
    log.write(2).rotate().write(1).checkpoint()
    expect(await find(log)).toMatchObject({ lineage: root, place: { logVersion: 0, offset: log.at(3).end, nextId: 4 } })
    log.prune()
    expect(await find(log)).toMatchObject({ lineage: root, place: { logVersion: 1, offset: 128, nextId: 8 } })
  })

  test('it goes on behind the last segment', async () => {
    const log = make().write(2).rotate().write(3)
    await archiveAll(repository, log)
    log.write(2).rotate()
    const found = await find(log)
    const place = { logVersion: 1, offset: log.at(6).end, nextId: 7, previousChecksum: log.at(6).checksum }
    expect(found).toMatchObject({ lineage: root, place })
    expect(found.branch).toBeUndefined()
    expect(found.gap).toBeUndefined()
    expect(found.segments).toHaveLength(2)
  })

  test.each([
    ['at the border of segments', 4],
    ['in the middle of a segment', 6],
    ['in the middle of the first segment', 3],
  ])('a restored log branches off %s', async (_, after) => {
    const log = make().write(3).rotate().write(4)
    await archiveAll(repository, log)
    const other = restored(log, after).write(3, { body: 'other' })
    const place = { offset: log.at(after).end, nextId: after + 1, previousChecksum: log.at(after).checksum }
    expect(await find(other)).toMatchObject({ lineage: undefined, branch: { parent: root, after }, place })
    await archiveAll(repository, other)
    const lineage = branchLineage(root, other.at(after + 1))
    expect(await repository.archive.readLineage(lineage)).toMatchObject({
      branch: { parent: root, after },
      origin: { id: after, checksum: log.at(after).checksum },
    })
    expect(await find(other)).toMatchObject({ lineage, place: { nextId: after + 4 } })
  })

  test('a log that was restored and not written to since has no lineage yet', async () => {
    const log = make().write(5)
    await archiveAll(repository, log)
    const other = restored(log, 4)
    expect(await find(other)).toMatchObject({ lineage: undefined, branch: { parent: root, after: 4 }, place: { nextId: 5 } })
    await archiveAll(repository, other)
    expect(await archived(repository)).toEqual(['2-6'])
  })

  test('a log that lost its tail when the power went branches off where it was cut', async () => {
    const log = make().write(5)
    await archiveAll(repository, log)
    log.cutBack(5).write(2, { commitTime: 1_800_000_000_000 })
    expect(await find(log)).toMatchObject({ lineage: undefined, branch: { parent: root, after: 5 } })
  })

  test('a branch of a branch knows its parent', async () => {
    const log = make().write(4)
    await archiveAll(repository, log)
    const second = restored(log, 4).write(4, { body: 'second' })
    await archiveAll(repository, second)
    const third = second.copyUpTo(6, join(folder, 'third')).write(2, { body: 'third' })
    const parent = branchLineage(root, second.at(5))
    expect(await find(third)).toMatchObject({ lineage: undefined, branch: { parent, after: 6 } })
    const beside = restored(log, 3).write(2, { body: 'beside' })
    expect(await find(beside)).toMatchObject({ lineage: undefined, branch: { parent: root, after: 3 } })
  })

  test('what was pruned before it was archived is a gap', async () => {
    const log = make().write(2)
    await archiveAll(repository, log)
    log.write(2).rotate().write(2).prune()
    expect(await find(log)).toMatchObject({ lineage: root, gap: { first: 4, last: 5 }, place: { logVersion: 1, nextId: 6 } })
  })

  test('what is pruned while the storage is slow to list the archive is a gap, too', async () => {
    const log = make().write(3).rotate().write(3).rotate()
    await archiveAll(repository, log)
    let isPruned = false
    const slow = metered(storage, (request) => {
      if (isPruned || !request.startsWith('list archive')) return
      isPruned = true
      log.write(3).rotate().write(3).rotate().write(3).prune()
    })
    const found = await locate(await openRepository(slow), log.dataDir, log.database, new AbortController().signal)
    expect(found).toMatchObject({ lineage: root, gap: { first: 8, last: 13 }, place: { logVersion: 4, nextId: 14 } })
  })

  test('a log restored to before the first archived transaction branches off there, written to or not', async () => {
    const log = make().write(3)
    await backUpLogs(repository, log)
    await archiveAll(repository, log.write(3))
    const other = restored(log, 4)
    const branch = { parent: root, after: 4 }
    const place = { offset: log.at(4).end, nextId: 5, previousChecksum: log.at(4).checksum }
    expect(await find(other)).toMatchObject({ lineage: undefined, branch, place })
    await archiveAll(repository, other.write(2, { body: 'other' }))
    const lineage = branchLineage(root, other.at(5))
    expect(await repository.archive.readLineage(lineage)).toMatchObject({
      branch,
      origin: { id: 4, checksum: log.at(4).checksum },
    })
    await archiveOn(repository, log.write(2), 2)
    expect(await endsOfPlan(repository, tx(4))).toEqual([4, 4])
    expect(await endsOfPlan(repository, tx(8), root)).toEqual([4, 8])
    expect(await endsOfPlan(repository, tx(6), lineage)).toEqual([4, 6])
    await expect(endsOfPlan(repository, tx(6))).rejects.toMatchObject({ code: 'refused' })
  })

  test('a log restored to before what the lineage shares branches off nowhere', async () => {
    const log = make().write(3)
    await backUpLogs(repository, log)
    await archiveAll(repository, log.write(3))
    const other = restored(log, 3).write(4, { body: 'other' })
    const found = await find(other)
    expect(found).toMatchObject({ lineage: undefined, place: { nextId: 2 } })
    expect(found.branch).toBeUndefined()
  })

  test('a gap in a branch is one, though the lineage it left reaches further', async () => {
    const log = make().write(20)
    await archiveAll(repository, log)
    const other = restored(log, 5).write(3, { body: 'other' })
    await archiveAll(repository, other)
    const lineage = branchLineage(root, other.at(6))
    other.write(2, { body: 'other' }).rotate().write(2, { body: 'other' }).prune()
    expect(await find(other)).toMatchObject({ lineage, gap: { first: 9, last: 10 }, place: { nextId: 11 } })
  })

  test('a gap in a branch is one, also where the log has gone beyond the end of the lineage it left', async () => {
    const log = make().write(3)
    await backUpLogs(repository, log)
    await archiveAll(repository, log.write(17))
    const other = restored(log, 5).write(3, { body: 'other' })
    await archiveAll(repository, other)
    const lineage = branchLineage(root, other.at(6))
    other.write(20, { body: 'other' }).rotate().write(2, { body: 'other' }).checkpoint().prune()
    expect(await find(other)).toMatchObject({ lineage, gap: { first: 9, last: 28 }, place: { nextId: 29 } })
    await archiveAll(repository, other)
    await backUpLogs(await openRepository(storage, { clock: new ManualClock() }), other)
    await archiveAll(repository, other.write(2, { body: 'other' }))
    expect(await endsOfPlan(repository, { kind: 'latest' })).toEqual([30, 32])
  })

  test('a log that parted before all that is archived is of a lineage without a parent', async () => {
    const log = make().write(2).rotate().write(4)
    const other = restored(log, 2).write(2, { body: 'other' })
    await putSegment(repository, log, segmentOf(log, 4, 7))
    const found = await find(other)
    expect(found).toMatchObject({ lineage: undefined, place: { logVersion: 0, offset: 128, nextId: 2 } })
    expect(found.branch).toBeUndefined()
  })

  test('a segment that is damaged where the log parted from it is no reason to archive nothing', async () => {
    const log = make().write(3).rotate().write(4)
    await archiveAll(repository, log)
    const damaged = segmentName(segmentOf(log, 5, 8))
    await storage.delete(damaged)
    await storage.put(damaged, Buffer.from('nonsense'))
    const other = restored(log, 6).write(1, { body: 'other' })
    expect(await find(other)).toMatchObject({ lineage: undefined, branch: { parent: root, after: 4 }, place: { nextId: 5 } })
  })

  test.each(['byte', 'zeros'] as const)('a log that is damaged before what is archived has not left it (%s)', async (how) => {
    const log = make().write(3)
    await archiveAll(repository, log)
    log.write(4)
    await archiveAll(repository, log)
    log.damage(6, how).write(4)
    await expect(find(log)).rejects.toMatchObject({ code: 'integrity' })
  })

  test('what is before the damage is archived, though another lineage reached further', async () => {
    const log = make().write(8)
    await archiveAll(repository, log)
    const other = restored(log, 4).write(2, { body: 'other' })
    await archiveAll(repository, other)
    other.write(3, { body: 'other' }).damage(8)
    expect(await find(other)).toMatchObject({ lineage: branchLineage(root, other.at(5)), place: { nextId: 7 } })
  })

  test('two databases have a lineage each', async () => {
    const log = make().write(2)
    const store = { ...sampleStore, random: '12345' }
    const system = SyntheticLog.create(log.dataDir, { database: 'system', kernelVersion, store }).write(3)
    await archiveAll(repository, log)
    expect(await find(system)).toMatchObject({ lineage: rootLineage(store), segments: [], place: { nextId: 2 } })
    await archiveAll(repository, system)
    expect(await find(system)).toMatchObject({ lineage: rootLineage(store), place: { nextId: 5 } })
    expect(await find(log)).toMatchObject({ lineage: root, place: { nextId: 4 } })
  })
})

describe('the last archived transaction is the one before the oldest file', () => {
  test.each([20, 33])('and a checkpoint says that it is the same (kernel version %i)', async (kernelVersion) => {
    const log = SyntheticLog.create(join(folder, 'data'), { kernelVersion }).write(3)
    await archiveAll(repository, log)
    log.rotate().checkpoint().prune()
    expect(await find(log)).toMatchObject({ lineage: root, place: { logVersion: 1, nextId: 5 } })
    log.write(2)
    expect(await find(log)).toMatchObject({ lineage: root, place: { logVersion: 1, nextId: 5 } })
  })

  test('and the next one names it', async () => {
    const log = SyntheticLog.create(join(folder, 'data'), { kernelVersion: 20 }).write(3)
    await archiveAll(repository, log)
    log.rotate().write(2).checkpoint().prune()
    const found = await find(log)
    expect(found).toMatchObject({ lineage: root, place: { logVersion: 1, nextId: 5 } })
    expect(found.gap).toBeUndefined()
  })

  test('and nothing says that it is the same: it is not taken for it', async () => {
    const log = SyntheticLog.create(join(folder, 'data'), { kernelVersion: 33 }).write(3)
    await archiveAll(repository, log)
    log.rotate().write(2).checkpoint().prune()
    const found = await find(log)
    expect(found).toMatchObject({ lineage: undefined, place: { logVersion: 1, nextId: 5 } })
    expect(found.branch).toBeUndefined()
  })

  test('and no gap is marked in the lineage that it may have left', async () => {
    const log = SyntheticLog.create(join(folder, 'data'), { kernelVersion: 33 }).write(6)
    await archiveAll(repository, log)
    const other = restored(log, 5).write(20, { body: 'other' })
    await archiveAll(repository, other)
    other.rotate().write(2, { body: 'other' }).checkpoint().prune()
    const found = await find(other)
    expect(found).toMatchObject({ lineage: undefined, place: { nextId: 26 } })
    expect(found.gap).toBeUndefined()
  })

  test.each([20, 33])('of the same id but another history (kernel version %i)', async (kernelVersion) => {
    const log = SyntheticLog.create(join(folder, 'data'), { kernelVersion }).write(3)
    await archiveAll(repository, log)
    const other = restored(log, 2).write(2, { body: 'other' }).rotate().write(1).checkpoint().prune()
    expect((await find(other)).lineage).toBeUndefined()
  })
})
