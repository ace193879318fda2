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
import { planTo, tx } from '../../support/planning.ts'
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
  beforeEach(async () => {
    await backUpLogs(repository, log.write(3))
    await archiveAll(repository, log.write(2))
    await backUpLogs(repository, log.write(3))
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
})
