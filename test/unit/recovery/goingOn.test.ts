import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../../../src/repository/repository.ts'
import { branchLineage, rootLineage } from '../../../src/repository/segmentName.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { asked, at, endsOfPlan, planTo, tx } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)
const later = { body: 'another', commitTime: firstCommit + 50_000 }

let folder: string
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-going-on-'))
  repository = await newRepository()
  log = SyntheticLog.create(join(folder, 'data'))
  await backUpLogs(repository, log.write(3))
})
afterEach(() => rmSync(folder, { recursive: true }))

const copy = (to: number, name = 'copy'): SyntheticLog => log.copyUpTo(to, join(folder, name))

describe('[archive.lineages] a point that only a backup has is a question where its own log shows another transaction', () => {
  test('where the archive ends: a restore went on from there', async () => {
    await archiveAll(repository, log.write(2))
    const { id } = await backUpLogs(repository, log.write(5))
    await archiveAll(repository, copy(6).write(2, later))
    await expect(planTo(repository, tx(11))).rejects.toMatchObject(
      asked(`--id ${id} up to transaction 11`, `--lineage ${root} up to transaction 8`),
    )
    expect((await planTo(repository, tx(8))).replays[0]).toMatchObject({ lineage: root, to: { id: 8 } })
  })

  test.each([
    ['further than', 9],
    ['less far than', 3],
  ])('of a trial that went %s what is archived', async (_, count) => {
    await archiveAll(repository, log.write(5))
    const { id } = await backUpLogs(repository, copy(5).write(count, later))
    const question = asked(`--id ${id} up to transaction ${5 + count}`, `--lineage ${root} up to transaction 9`)
    await expect(planTo(repository, at(60))).rejects.toMatchObject(question)
    if (count === 9) await expect(planTo(repository, tx(14))).rejects.toMatchObject(question)
    else
      expect((await planTo(repository, tx(8))).replays[0]).toMatchObject({ lineage: root, to: { checksum: log.at(8).checksum } })
  })
})

describe('[archive.lineages] a transaction that a left history has, and that of a backup ahead of the one it was left for', () => {
  let branch: string
  beforeEach(async () => {
    await archiveAll(repository, log.write(5))
    const other = copy(5, 'restored').write(2, { body: 'after the restore', commitTime: firstCommit + 20_000 })
    await archiveAll(repository, other)
    branch = branchLineage(root, other.at(6))
  })

  test('is a question where that is the backup of a trial', async () => {
    const { id } = await backUpLogs(repository, copy(5).write(4, later))
    const question = asked(`--id ${id} up to`, `--lineage ${branch} up to`, `--lineage ${root} up to transaction 9`)
    await expect(planTo(repository, tx(9))).rejects.toMatchObject(question)
  })

  test('is a question where its log does not tell', async () => {
    const trial = copy(5).write(3, later).checkpoint().rotate().write(1, later).prune()
    const { id } = await backUpLogs(repository, trial)
    await expect(planTo(repository, tx(9))).rejects.toMatchObject(
      asked(`--id ${id} up to`, `--lineage ${root} up to transaction 9`),
    )
  })

  test('is the archived one where the old server was backed up again', async () => {
    await backUpLogs(repository, log)
    const { replays, doubts } = await planTo(repository, tx(9))
    expect(replays[0]).toMatchObject({ lineage: root, to: { id: 9, checksum: log.at(9).checksum } })
    expect(doubts).toEqual([expect.stringContaining(`in lineage ${root}, which was left for ${branch}`)])
  })
})

describe('[archive.lineages] a point in a backup ahead of an archive that lags', () => {
  test('is no question', async () => {
    await archiveAll(repository, log.write(2))
    await backUpLogs(repository, log.write(2))
    for (const point of [tx(8), at(20)])
      expect(await planTo(repository, point)).toMatchObject({ replays: [{ from: { id: 8 }, to: { id: 8 } }], doubts: [] })
  })

  test('is restored with a warning where its log does not reach back to the archive', async () => {
    await archiveAll(repository, log.write(2))
    log.rotate().write(2).checkpoint().rotate().write(2).prune()
    const { id } = await backUpLogs(repository, log)
    for (const point of [tx(10), at(20)]) {
      const { replays, doubts } = await planTo(repository, point)
      expect(replays[0]!.to.id).toBe(10)
      expect(doubts).toEqual([expect.stringMatching(`as backup ${id} does; its log does not reach back to transaction 6,`)])
    }
  })

  test('is no question where it is of before all that is archived', async () => {
    await backUpLogs(repository, log)
    log.write(3).rotate().write(2).prune()
    await archiveAll(repository, log)
    expect(await endsOfPlan(repository, tx(4))).toEqual([4, 4])
    expect(await planTo(repository, at(4, 500))).toMatchObject({ replays: [{ to: { id: 4 } }], doubts: [] })
  })
})
