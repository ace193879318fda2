import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { branchLineage, lineageName, rootLineage } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-keeping-'))))
afterEach(() => rmSync(folder, { recursive: true }))

test('the locks of what says what the lineages of its databases are last as long as those of a new backup', async () => {
  const kept: string[] = []
  const storage: Storage = {
    ...memoryStorage(),
    keep: async (name) => {
      kept.push(name)
      await Promise.resolve()
    },
  }
  const repository = await newRepository({ storage })
  const log = SyntheticLog.create(join(folder, 'data')).write(5)
  await archiveAll(repository, log)
  const branch = log.copyUpTo(4, join(folder, 'restored')).write(2, { body: 'restored' })
  await archiveAll(repository, branch)
  const others = SyntheticLog.create(join(folder, 'other'), { store: { ...sampleStore, random: '12345' } }).write(2)
  await archiveAll(repository, others)
  await backUpLogs(repository, branch)
  const root = rootLineage(log.store)
  const descriptions = [root, branchLineage(root, branch.at(5))].map(lineageName)
  expect(kept.toSorted()).toEqual([...descriptions, 'repository'].toSorted())
})
