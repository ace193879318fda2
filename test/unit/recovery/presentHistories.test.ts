import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PointInTimePlan } from '../../../src/recovery/pointInTimePlan.ts'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { branchLineage, lineageName, rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import {
  archiveAll,
  archiveOn,
  backUpLogs,
  beginArchiver,
  newRepository,
  segmentOf,
  putSegment,
} from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { at, endsOfPlan, planTo, refused, tx } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)

let folder: string
let storage: Storage
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-lineages-'))
  storage = memoryStorage()
  repository = await newRepository({ storage })
  log = SyntheticLog.create(join(folder, 'data'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const plan = async (point: RestorePoint, lineage?: string): Promise<PointInTimePlan> => planTo(repository, point, lineage)
const ends = async (point: RestorePoint, lineage?: string): Promise<number[]> => endsOfPlan(repository, point, lineage)

describe('[archive.lineages] a backup that ends behind the archive', () => {
  test('is the latest, in the very millisecond, too', async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(1))
    await backUpLogs(repository, log.write(1, { commitTime: firstCommit + 5000 }))
    expect(await ends({ kind: 'latest' })).toEqual([6, 6])
    await backUpLogs(repository, log.write(5))
    expect(await ends({ kind: 'latest' })).toEqual([11, 11])
  })

  test('is refused where a clock was ahead once, and both are named', async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(1, { commitTime: firstCommit + 86_400_000 }))
    const { id } = await backUpLogs(repository, log.write(5))
    for (const choice of [`--lineage ${root} up to transaction 5 of`, `--id ${id} up to transaction 10 of`])
      await expect(plan({ kind: 'latest' })).rejects.toMatchObject(refused(choice))
    expect(await ends({ kind: 'latest' }, root)).toEqual([4, 5])
  })

  test.each([
    ['was left', 0],
    ['was left, but says it is later', 300],
  ])('of what %s', async (_, days) => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(4))
    const { id } = await backUpLogs(repository, log.write(1, { commitTime: firstCommit + days * 86_400_000 }))
    const other = log.copyUpTo(5, join(folder, 'other')).write(2, { body: 'after the restore' })
    await archiveAll(repository, other)
    if (days > 0) {
      for (const choice of [`--lineage ${branchLineage(root, other.at(6))} up to`, `--id ${id} up to transaction 9 of`])
        await expect(plan({ kind: 'latest' })).rejects.toMatchObject(refused(choice))
    } else {
      const { replays, doubts } = await plan({ kind: 'latest' })
      expect(replays[0]).toMatchObject({ to: { id: 7, checksum: other.at(7).checksum } })
      expect(doubts.join()).toMatch(new RegExp(`backup ${id} of .* ends with transaction 9 of`))
    }
  })

  test('is refused where its own log shows that it is of a copy, such as a trial', async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(5))
    const trial = log.copyUpTo(5, join(folder, 'trial')).write(9, { body: 'trial', commitTime: firstCommit + 50_000 })
    const { id } = await backUpLogs(repository, trial)
    for (const choice of [`--lineage ${root} up to transaction 9 of`, `--id ${id} up to transaction 14 of`])
      await expect(plan({ kind: 'latest' })).rejects.toMatchObject(refused(choice))
  })

  test('is the latest where its log goes on from the archive, and where that does not reach back, this is said', async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(2))
    await backUpLogs(repository, log.rotate().write(2).checkpoint().prune())
    expect(await plan({ kind: 'latest' })).toMatchObject({ replays: [{ to: { id: 8 } }], doubts: [] })
    const { id } = await backUpLogs(repository, log.rotate().write(2).checkpoint().prune())
    const { replays, doubts } = await plan({ kind: 'latest' })
    expect(replays[0]!.to.id).toBe(10)
    expect(doubts).toEqual([expect.stringMatching(`as backup ${id} does; its log does not reach back to transaction 6,`)])
  })

  test('is refused where two histories may lead to it', async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(2))
    await archiveAll(repository, log.copyUpTo(5, join(folder, 'trial')).write(1, { body: 'trial' }))
    await archiveOn(repository, log.write(1), 1)
    const { id } = await backUpLogs(repository, log.write(5))
    await expect(plan({ kind: 'latest' })).rejects.toMatchObject(refused(`to 3 histories.*--id ${id} up to transaction 12 `))
  })
})

describe('[archive.lineages] the latest, where a clock was ahead', () => {
  const ahead = (days: number): { commitTime: number; body: string } => ({
    commitTime: firstCommit + days * 86_400_000,
    body: `${days} days ahead`,
  })

  test('when a backup was made is what goes on behind that backup', async () => {
    log.write(2).write(1, ahead(300))
    await backUpLogs(repository, log)
    await archiveAll(repository, log.write(1))
    const other = log.copyUpTo(4, join(folder, 'other')).write(3, { body: 'after the restore' })
    await archiveAll(repository, other)
    const { replays } = await plan({ kind: 'latest' })
    expect(replays[0]).toMatchObject({ from: { id: 4 }, to: { id: 7, checksum: other.at(7).checksum } })
  })

  test('and the last transaction of a lineage that was left is in a backup, is what left it', async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(4).write(1, ahead(300)))
    await backUpLogs(repository, log)
    const other = log.copyUpTo(5, join(folder, 'other')).write(3, { body: 'after the restore' })
    await archiveAll(repository, other)
    const { replays, doubts } = await plan({ kind: 'latest' })
    expect(replays[0]).toMatchObject({ from: { id: 4 }, to: { id: 8, checksum: other.at(8).checksum } })
    expect(doubts).toEqual([expect.stringContaining(`lineage ${root} has a transaction of`)])
  })

  test('in two lineages that were left one after the other is the one that left both', async () => {
    await archiveAll(repository, log.write(3))
    await backUpLogs(repository, log)
    await archiveAll(repository, log.write(1, ahead(10)))
    const child = log.copyUpTo(4, join(folder, 'child')).write(1, ahead(20))
    await archiveAll(repository, child)
    const grandchild = child.copyUpTo(5, join(folder, 'grandchild')).write(2, { body: 'the clock is right again' })
    await archiveAll(repository, child.write(1, ahead(21)))
    await archiveAll(repository, grandchild)
    const { replays } = await plan({ kind: 'latest' })
    expect(replays[0]).toMatchObject({ from: { id: 4 }, to: { id: 7, checksum: grandchild.at(7).checksum } })
  })
})

describe('[archive.lineages] a moment at which one history has already parted and the other has not gone on yet', () => {
  let branch: string
  beforeEach(async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(4))
    const other = log.copyUpTo(6, join(folder, 'other')).write(2, { body: 'other', commitTime: firstCommit + 20_000 })
    await archiveAll(repository, other)
    branch = branchLineage(root, other.at(7))
  })

  test('is as it is in the one that goes on, and what the other had then is told', async () => {
    const { replays, doubts } = await plan(at(8))
    expect(replays[0]).toMatchObject({ lineage: branch, to: { id: 6 } })
    expect(doubts).toEqual([expect.stringContaining(`where lineage ${branch} left ${root}: to have what that one committed`)])
    expect(await plan(at(6))).toMatchObject({ replays: [{ to: { id: 6 } }], doubts: [] })
    expect(await plan(at(20))).toMatchObject({ replays: [{ to: { id: 8 } }] })
  })

  test('is refused where both went on, whichever has the later transaction', async () => {
    await archiveOn(repository, log.write(1), 1)
    for (const choice of [`--lineage ${root} up to`, `--lineage ${branch} up to`])
      await expect(plan(at(8))).rejects.toMatchObject(refused(choice))
    expect(await ends(at(6))).toEqual([4, 6])
  })

  test('and a description that is gone makes nobody choose by the clock', async () => {
    await archiveOn(repository, log.write(1), 1)
    await storage.delete(lineageName(root))
    await expect(plan({ kind: 'latest' })).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(`lineage ${root} cannot be followed`) as string,
    })
  })
})

test('[archive.lineages] a moment of a history in between, before the server was put back to what was given up, is told', async () => {
  await backUpLogs(repository, log.write(3))
  await archiveAll(repository, log.write(4))
  const other = log.copyUpTo(6, join(folder, 'other')).write(2, { body: 'other', commitTime: firstCommit + 20_000 })
  await archiveAll(repository, other)
  const between = branchLineage(root, other.at(7))
  await archiveAll(repository, log.write(1, { commitTime: firstCommit + 50_000 }).write(1, { commitTime: firstCommit + 60_000 }))
  for (const again of [false, true]) {
    const third = log.copyUpTo(9, join(folder, 'third')).write(1, { body: 'third', commitTime: firstCommit + 70_000 })
    if (again) await archiveAll(repository, third)
    const { replays, doubts } = await plan(at(25))
    expect(replays[0]!.to).toMatchObject({ id: 8, checksum: log.at(8).checksum })
    expect(doubts).toEqual([expect.stringMatching(`before lineage .* began.*--lineage ${between}`)])
  }
  for (const point of [at(8), at(19), at(50), at(55)]) expect((await plan(point)).doubts).toEqual([])
})

describe('[archive.lineages] two archivers of one server, one of which had begun before a trial left its lineage idle', () => {
  let trial: SyntheticLog
  beforeEach(async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(3)) // 7
    await using first = await beginArchiver(repository, log)
    while (await first.step());
    trial = log.copyUpTo(5, join(folder, 'trial')).write(1, { body: 'trial', commitTime: firstCommit + 20_000 })
    await archiveAll(repository, trial)
    await using second = await beginArchiver(repository, log)
    log.write(1, { commitTime: firstCommit + 30_000 })
    while (await second.step());
    while (await first.step());
  })

  test('have archived the same twice, which is no question, also once only one goes on', async () => {
    const { segments } = await repository.archive.list()
    expect(new Set(segments.map(({ lineage }) => lineage)).size).toBe(3)
    for (const id of [8, 9]) {
      expect(await plan({ kind: 'latest' })).toMatchObject({
        replays: [{ to: { id, checksum: log.at(id).checksum } }],
        doubts: [],
      })
      expect(await plan(tx(id))).toMatchObject({ replays: [{ to: { id } }], doubts: [] })
      await archiveAll(repository, log.write(1, { commitTime: firstCommit + 31_000 }))
    }
    await backUpLogs(repository, log.write(2, { commitTime: firstCommit + 32_000 }))
    for (const point of [{ kind: 'latest' } as const, tx(12)])
      expect(await plan(point)).toMatchObject({ replays: [{ from: { id: 12 }, to: { id: 12 } }], doubts: [] })
  })

  test('are a question where they are of two servers', async () => {
    await archiveOn(repository, log.copyUpTo(7, join(folder, 'second')).write(2, { body: 'second' }), 1, root)
    await archiveAll(repository, log.write(2))
    await expect(plan({ kind: 'latest' })).rejects.toMatchObject(refused('to 2 histories'))
  })
})

test('damage in what was left, in which another backup ends, hinders nothing', async () => {
  await backUpLogs(repository, log.write(3))
  await archiveAll(repository, log.write(2))
  await backUpLogs(repository, log.write(3))
  await archiveAll(repository, log.write(2))
  await archiveAll(repository, log.copyUpTo(6, join(folder, 'other')).write(1, { commitTime: firstCommit + 20_000 }))
  const [behind] = (await repository.archive.list()).segments.filter(({ last }) => last > 9)
  await storage.delete(segmentName(behind!))
  await storage.put(segmentName(behind!), Buffer.from('nonsense'))
  expect(await ends({ kind: 'latest' })).toEqual([4, 7])
})

test('log that goes on in an earlier file is refused', async () => {
  await backUpLogs(repository, log.write(3))
  log.write(3).rotate().write(4)
  await archiveAll(repository, log)
  const other = SyntheticLog.create(join(folder, 'other')).write(6).rotate().rotate().write(1)
  const [, second] = (await repository.archive.list()).segments
  await repository.archive.deleteSegment(second!)
  await putSegment(repository, other, segmentOf(other, 8, 8))
  await putSegment(repository, log, segmentOf(log, 9, 11))
  await expect(plan(tx(11))).rejects.toMatchObject({
    code: 'integrity',
    message: expect.stringContaining('transaction 9 of lineage') as string,
  })
  expect(await ends(tx(8))).toEqual([4, 8])
})
