import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { archivedLog } from '../../../src/history/archivedLog.ts'
import type { PointInTimePlan } from '../../../src/recovery/pointInTimePlan.ts'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import { backupWindows, certain, joined } from '../../../src/recovery/windows.ts'
import { ArchivedHistory } from '../../../src/repository/archivedHistory.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { branchLineage, lineageName, rootLineage } from '../../../src/repository/segmentName.ts'
import { requireUnprotected } from '../../../src/retention/protectedBackups.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import {
  archiveAll,
  archived,
  archiveOn,
  backUpLogs,
  beginArchiver,
  newRepository,
  segmentOf,
  putSegment,
} from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { at, endsOfPlan, planTo, refused, tx, windowsOf } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)

const { signal } = new AbortController()

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
const windows = async (): Promise<string[]> => windowsOf(repository)

describe('lineages', () => {
  let other: SyntheticLog
  let branch: string
  beforeEach(async () => {
    log.write(3)
    await backUpLogs(repository, log)
    log.write(4)
    await archiveAll(repository, log)
    other = log.copyUpTo(6, join(folder, 'other')).rotate()
    other.write(1, { commitTime: firstCommit + 20_000 }).write(1, { commitTime: firstCommit + 21_000 })
    await archiveAll(repository, other)
    branch = branchLineage(root, other.at(7))
  })

  test('[archive.lineages] the one with the latest transaction is followed, unless another is asked for', async () => {
    expect(await ends({ kind: 'latest' })).toEqual([4, 8])
    expect((await plan(tx(8))).replays[0]).toMatchObject({ lineage: branch, to: { checksum: other.at(8).checksum } })
    expect((await plan(tx(8), root)).replays[0]).toMatchObject({ lineage: root, to: { checksum: log.at(8).checksum } })
    expect((await plan(tx(6))).replays[0]).toMatchObject({ to: { checksum: log.at(6).checksum } })
    expect(await ends(at(20))).toEqual([4, 7])
    expect(await ends(at(7), root)).toEqual([4, 7])
    expect(await windows()).toEqual([`${branch} 4-8`, `${root} 4-8`])
  })

  test('[archive.lineages] a lineage that was left idle is not taken for the one that went on, unless it is asked for', async () => {
    // Made today, long after all of these transactions.
    await backUpLogs(repository, log)
    await expect(plan(at(30))).rejects.toMatchObject({ code: 'refused' })
    expect(await ends(at(30), root)).toEqual([8, 8])
  })

  test('[archive.lineages] a backup of one lineage is no beginning for another', async () => {
    await backUpLogs(repository, other)
    await archiveOn(repository, log.write(2), 2)
    expect(await ends(tx(10), root)).toEqual([4, 10])
    expect((await plan(tx(8), branch)).replays[0]).toMatchObject({ from: { id: 8, checksum: other.at(8).checksum } })
  })

  test('[archive.lineages] one that goes on after another has left it is a second present: a point that is not in both is refused, and both are named', async () => {
    await archiveOn(repository, log.write(1, { commitTime: firstCommit + 86_400_000 }), 1)
    const choices = [
      `--lineage ${root} up to transaction 9 of`,
      `--lineage ${branch} up to transaction 8 of .* \\(left ${root} after transaction 6\\)`,
    ]
    for (const point of [{ kind: 'latest' } as const, tx(7), tx(9), at(20)])
      for (const choice of choices) await expect(plan(point)).rejects.toMatchObject(refused(choice))
    expect(await ends(tx(6))).toEqual([4, 6])
    expect(await ends(at(6))).toEqual([4, 6])
    for (const [lineage, last] of [
      [root, 9],
      [branch, 8],
    ] as const)
      expect(await plan({ kind: 'latest' }, lineage)).toMatchObject({ replays: [{ to: { id: last } }], doubts: [] })
  })

  test('[archive.lineages] what no backup leads to any more is no second present', async () => {
    await archiveOn(repository, log.write(1), 1)
    const [first] = await repository.listBackups()
    await backUpLogs(repository, log)
    await repository.deleteBackups([first!.id])
    expect(await ends({ kind: 'latest' })).toEqual([9, 9])
  })

  test('[archive.lineages] one that was begun when all others had ended is the present', async () => {
    await archiveAll(repository, log.write(1))
    // Of the first one, not of the one that left it.
    const third = log.copyUpTo(7, join(folder, 'third')).write(1, { body: 'third' })
    await archiveAll(repository, third)
    const { replays, doubts } = await plan({ kind: 'latest' })
    expect(replays[0]).toMatchObject({ lineage: branchLineage(root, third.at(8)), to: { id: 8 } })
    expect(doubts).toHaveLength(2)
  })

  test('[archive.lineages] what a lineage has in common with another one ends at the moment of its last transaction', async () => {
    for (const segment of (await repository.archive.list()).segments)
      if (segment.lineage === branch) await repository.archive.deleteSegment(segment)
    const manifests = (await repository.listBackups()).flatMap(({ manifest }) => manifest ?? [])
    const found = await backupWindows(await ArchivedHistory.read(repository, signal), manifests, 'neo4j')
    expect(joined(certain(found)).find(({ lineage }) => lineage === branch)).toMatchObject({
      to: { id: 6, time: new Date(firstCommit + 6000).toISOString() },
    })
  })

  test('a lineage that nobody knows leads nowhere', async () => {
    await expect(plan(tx(8), `${root}-9-00000000`)).rejects.toMatchObject({ code: 'refused' })
  })
})

describe.each([20, 33])('the logs of two servers in one lineage, kernel version %i', (kernelVersion) => {
  let copy: SyntheticLog
  beforeEach(async () => {
    log = SyntheticLog.create(join(folder, 'first'), { kernelVersion }).write(3)
    await backUpLogs(repository, log)
    log.write(1)
    await archiveAll(repository, log)
    copy = log.copyUpTo(5, join(folder, 'copy'))
  })

  /** No two of the segments end with the same transaction. */
  const goOnApart = async (): Promise<void> => {
    await putSegment(repository, log.write(4, { body: 'one' }), segmentOf(log, 6, 9))
    copy.write(2, { body: 'two' })
    for (const id of [6, 7]) await putSegment(repository, copy, segmentOf(copy, id, id))
  }
  const refused = { code: 'integrity', message: expect.stringContaining('holds two different histories') as string }

  test('[archive.lineages] are not mixed: what both have is restored, what is behind is refused', async () => {
    for (let round = 0; round < 3; round++) {
      log.write(1, { body: 'one' })
      copy.write(1, { body: 'two' })
      await archiveAll(repository, log)
    }
    // It was begun when it had not gone on yet.
    for (const id of [6, 7, 8]) await putSegment(repository, copy, segmentOf(copy, id, id))
    expect(await ends(tx(5))).toEqual([4, 5])
    expect(await ends(at(5, 500))).toEqual([4, 5])
    await expect(plan(tx(7))).rejects.toMatchObject(refused)
    await expect(plan({ kind: 'latest' })).rejects.toMatchObject(refused)
  })

  test('[archive.lineages] are not mixed where all that tells of two is within a larger segment', async () => {
    await goOnApart()
    expect(await ends(tx(5))).toEqual([4, 5])
    for (const point of [tx(6), tx(8), tx(9), at(9), { kind: 'latest' } as const])
      await expect(plan(point)).rejects.toMatchObject(refused)
    const source = await archivedLog(repository, { database: 'neo4j', signal })
    const shown: number[] = []
    const read = async (): Promise<void> => {
      for await (const { transaction } of source.transactions(0)) shown.push(transaction.id)
    }
    await expect(read()).rejects.toMatchObject(refused)
    expect(shown).toEqual([5])
  })

  test('[archive.window] of which the log of one leads past a backup of the other: that one stays', async () => {
    await goOnApart()
    const { id } = await backUpLogs(repository, log)
    const promises = { window: 86_400_000, now: new Date(firstCommit + 60_000), signal }
    await expect(requireUnprotected(repository, [id], promises)).rejects.toMatchObject(refused)
  })

  test('[archive.lineages] do not remove each other', async () => {
    for (const body of [1, 2]) copy.write(1, { body: `copy ${body}` })
    for (const id of [6, 7]) await putSegment(repository, copy, segmentOf(copy, id, id))
    log.write(4, { body: 'longer than that of the copy' })
    await putSegment(repository, log, segmentOf(log, 6, 9))
    const before = await archived(repository)
    {
      await using archiver = await beginArchiver(repository, log)
      archiver.tidy()
    }
    expect(await archived(repository)).toEqual(before)
  })
})

describe('a lineage whose description is damaged or gone', () => {
  let branch: string
  const spoil = async (lineage: string, content?: string): Promise<void> => {
    await storage.delete(lineageName(lineage))
    if (content !== undefined) await storage.put(lineageName(lineage), Buffer.from(content))
  }
  beforeEach(async () => {
    log.write(3)
    await backUpLogs(repository, log)
    await archiveAll(repository, log.write(4))
    const other = log.copyUpTo(6, join(folder, 'other')).write(2, { body: 'other', commitTime: firstCommit + 20_000 })
    await archiveAll(repository, other)
    branch = branchLineage(root, other.at(7))
  })

  test.each(['nonsense', undefined])(
    '[damage.detected] is named where it would have to be followed (%j), and another one can be asked for',
    async (content) => {
      await spoil(branch, content)
      const error = {
        code: 'integrity',
        message: expect.stringContaining(lineageName(branch)) as string,
        hint: expect.stringContaining('--lineage') as string,
      }
      for (const point of [{ kind: 'latest' } as const, at(20), tx(7)]) await expect(plan(point)).rejects.toMatchObject(error)
      await expect(plan(tx(7), branch)).rejects.toMatchObject(error)
      expect(await ends(tx(8), root)).toEqual([4, 8])
      expect((await plan(at(7, 500), root)).doubts).toEqual([
        expect.stringMatching(`lineage ${branch} is not considered: .*${lineageName(branch)}`),
      ])
    },
  )

  test('[damage.detected] that was left behind is named, and what went on is restored', async () => {
    await spoil(root, 'nonsense')
    const { replays, doubts } = await plan({ kind: 'latest' })
    expect(replays[0]).toMatchObject({ lineage: branch, to: { id: 8 } })
    expect(doubts).toEqual([expect.stringContaining(`lineage ${root} is not considered`)])
    await expect(plan(tx(8), root)).rejects.toMatchObject({ code: 'integrity' })
  })

  test('[damage.detected] of another database is named and hinders nothing', async () => {
    const store = { ...sampleStore, random: '4711' }
    const system = SyntheticLog.create(join(folder, 'system'), { database: 'system', store }).write(40)
    await archiveAll(repository, system)
    await spoil(rootLineage(store), 'nonsense')
    expect(await ends(tx(7), root)).toEqual([4, 7])
    expect((await plan({ kind: 'latest' })).replays[0]).toMatchObject({ lineage: branch, to: { id: 8 } })
    expect((await plan({ kind: 'latest' })).doubts).toHaveLength(1)
  })
})
