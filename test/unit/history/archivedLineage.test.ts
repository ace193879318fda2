import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { archivedLog } from '../../../src/history/archivedLog.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { lineageName, rootLineage } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { planTo } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const { signal } = new AbortController()
const root = rootLineage(sampleStore)
const newerStore = { ...sampleStore, random: '4711' }

let folder: string
let storage: Storage
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-archived-'))
  storage = memoryStorage()
  repository = await newRepository({ storage })
  log = SyntheticLog.create(join(folder, 'data')).write(3)
  await backUpLogs(repository, log)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** The checksum of the last transaction that is shown of the archive. */
async function lastShown(lineage?: string): Promise<number | undefined> {
  const { transactions } = await archivedLog(repository, { database: 'neo4j', lineage, signal })
  let last: number | undefined
  for await (const { transaction } of transactions(0)) last = transaction.checksum
  return last
}

/** A database of the same name that was made later. */
function recreated(): SyntheticLog {
  return SyntheticLog.create(join(folder, 'newer'), { store: newerStore }).write(2, { commitTime: firstCommit + 50_000 })
}

test('[archive.lineages] what is shown is what would be restored, where a clock was ahead once', async () => {
  await archiveAll(repository, log.write(1).write(1, { commitTime: firstCommit + 86_400_000 }))
  const other = log.copyUpTo(5, join(folder, 'other')).write(2, { body: 'after the restore' })
  await archiveAll(repository, other)
  expect(await lastShown()).toBe(other.last.checksum)
  expect((await planTo(repository, { kind: 'latest' })).replays[0]!.to.checksum).toBe(other.last.checksum)
  expect(await lastShown(root)).toBe(log.last.checksum)
})

test('[archive.lineages] of two databases of that name the newer one is shown', async () => {
  await archiveAll(repository, log.write(1))
  const newer = recreated()
  await archiveAll(repository, newer)
  expect(await lastShown()).toBe(newer.last.checksum)
})

test('[damage.detected] a newer database of that name whose lineage is damaged is not passed over', async () => {
  await archiveAll(repository, log.write(1))
  const newer = recreated()
  await backUpLogs(repository, newer)
  await archiveAll(repository, newer.write(1, { commitTime: firstCommit + 51_000 }))
  const name = lineageName(rootLineage(newerStore))
  await storage.delete(name)
  await storage.put(name, Buffer.from('nonsense'))
  await expect(lastShown()).rejects.toMatchObject({ code: 'integrity', message: expect.stringContaining(name) as string })
  expect(await lastShown(root)).toBe(log.last.checksum)
})
