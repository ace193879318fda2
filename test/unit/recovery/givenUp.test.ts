import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PointInTimePlan } from '../../../src/recovery/pointInTimePlan.ts'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { branchLineage, rootLineage } from '../../../src/repository/segmentName.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { asked, at, planTo, tx } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)

let folder: string
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-given-up-'))
  repository = await newRepository()
  log = SyntheticLog.create(join(folder, 'data'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const plan = async (point: RestorePoint, lineage?: string): Promise<PointInTimePlan> => planTo(repository, point, lineage)

describe('[archive.lineages] a backup of what a restore gave up, of which nothing was archived', () => {
  let id: string
  beforeEach(async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(2))
    id = (await backUpLogs(repository, log.write(3))).id
  })
  /** Restored to a transaction, and written to for long. */
  const restored = async (to: number, count: number, commitTime = firstCommit + 100_000): Promise<SyntheticLog> => {
    const other = log.copyUpTo(to, join(folder, 'other')).write(count, { body: 'after the restore', commitTime })
    await archiveAll(repository, other)
    return other
  }

  test.each([
    ['in a lineage of its own', 5, 100],
    ['in the same lineage', 6, 100],
    ['by a clock that is behind', 5, 8],
  ])('is no way to the transaction of that id where the restored database goes on %s', async (_, to, seconds) => {
    const other = await restored(to, 6, firstCommit + seconds * 1000)
    const lineage = to === 6 ? root : branchLineage(root, other.at(6))
    for (const asked of [undefined, lineage]) {
      const { replays, doubts } = await plan(tx(9), asked)
      expect(replays[0]).toMatchObject({ lineage, from: { id: 4 }, to: { id: 9, checksum: other.at(9).checksum } })
      expect(doubts).toEqual([])
    }
  })

  test.each([
    ['in a lineage of its own', 5],
    ['in the same lineage', 6],
  ])('shows what was committed up to a moment, and is named where the restored database went on only later %s', async (_, to) => {
    await restored(to, 6)
    const named = expect.stringMatching(`transaction ${to} of .*; backup ${id} .* transaction 9 of .*--id ${id}`) as string
    const { replays, doubts } = await plan(at(20))
    expect(replays[0]!.to.id).toBe(to)
    expect(doubts).toContainEqual(named)
    expect((await plan(at(9))).doubts).toContainEqual(named)
    // Nobody knows what of it was committed by then.
    expect((await plan(at(8))).doubts).not.toContainEqual(named)
    expect((await plan(at(100))).doubts).not.toContainEqual(named)
  })

  test('is restored where the restored database has not come to that transaction yet, and it is told that it was left', async () => {
    const branch = branchLineage(root, (await restored(5, 2)).at(6))
    const { replays, doubts } = await plan(tx(9))
    expect(replays[0]).toMatchObject({ lineage: undefined, from: { id: 9 }, to: { id: 9, checksum: log.at(9).checksum } })
    expect(doubts).toEqual([
      expect.stringMatching(
        `transaction 9 of .* which only backup ${id} has; later lineage ${branch} went on from transaction 5`,
      ),
    ])
  })

  test('is no question where it is the latest of what is archived', async () => {
    expect(await plan(tx(9))).toMatchObject({ replays: [{ from: { id: 9 }, to: { id: 9 } }], doubts: [] })
  })
})

test('[archive.lineages] a transaction that only a lineage has that was left is restored, and it is told that it was left', async () => {
  await backUpLogs(repository, log.write(3))
  await archiveAll(repository, log.write(5))
  const other = log.copyUpTo(5, join(folder, 'other')).write(2, { body: 'after', commitTime: firstCommit + 100_000 })
  await archiveAll(repository, other)
  const { replays, doubts } = await plan(tx(9))
  expect(replays[0]).toMatchObject({ lineage: root, to: { id: 9, checksum: log.at(9).checksum } })
  expect(doubts).toEqual([expect.stringContaining(`in lineage ${root}, which was left for ${branchLineage(root, other.at(6))}`)])
  for (const [point, lineage] of [
    [tx(9), root],
    [tx(7), undefined],
    [tx(5), undefined],
  ] as const)
    expect((await plan(point, lineage)).doubts).toEqual([])
})

describe('[archive.lineages] a moment that only a left history has passed, by a clock that was ahead', () => {
  const ahead = { commitTime: firstCommit + 3_600_000 }
  const later = { body: 'after the restore', commitTime: firstCommit + 100_000 }

  test.each([
    ['behind', 2],
    ['right at', 1],
  ])('is a question where the other one had begun by then, also where it ends %s the parting', async (_, count) => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(count).write(1, ahead).write(2))
    const other = log.copyUpTo(5, join(folder, 'other')).write(4, later)
    await archiveAll(repository, other)
    const branch = branchLineage(root, other.at(6))
    const question = asked(`--lineage ${root} up to`, `--lineage ${branch} up to transaction 9`)
    await expect(plan(at(200))).rejects.toMatchObject(question)
    expect((await plan(at(200), root)).replays[0]).toMatchObject({ lineage: root, to: { id: 4 + count } })
    expect((await plan(at(100))).replays[0]).toMatchObject({ lineage: branch, to: { id: 9 } })
  })

  test('is a question where the left one is only in backups', async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(2))
    const { id } = await backUpLogs(repository, log.write(3))
    const other = log.copyUpTo(5, join(folder, 'other')).write(4, { ...later, commitTime: firstCommit + 8000 })
    await archiveAll(repository, other)
    const question = asked(`--id ${id} up to transaction 9`, `--lineage ${branchLineage(root, other.at(6))} up to`)
    await expect(plan(at(20))).rejects.toMatchObject(question)
  })
})

test.each([0, 1])(
  '[archive.lineages] a transaction that the newest backup has is not taken from a history that was left, where the archive lags (archived beside: %i)',
  async (more) => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(5))
    const other = log.copyUpTo(5, join(folder, 'other')).write(1 + more, { body: 'after the restore', commitTime: Date.now() })
    await archiveAll(repository, other)
    other.write(9 - other.last.id, { body: 'after the restore', commitTime: Date.now() })
    const { id } = await backUpLogs(repository, other)
    const { replays, manifest } = await plan(tx(9))
    expect(manifest.id).toBe(id)
    expect(replays[0]!.to.checksum).toBe(other.at(9).checksum)
  },
)
