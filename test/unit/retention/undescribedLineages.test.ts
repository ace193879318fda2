import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Repository } from '../../../src/repository/repository.ts'
import { lineageName, rootLineage } from '../../../src/repository/segmentName.ts'
import { requireUnprotected } from '../../../src/retention/protectedBackups.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
let storage: Storage
let repository: Repository
let log: SyntheticLog
let backup: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-undescribed-'))
  storage = memoryStorage()
  repository = await newRepository({ storage })
  log = SyntheticLog.create(join(folder, 'data')).write(3)
  backup = (await backUpLogs(repository, log)).id
  await archiveAll(repository, log.write(3))
})
afterEach(() => rmSync(folder, { recursive: true }))

const spoil = async (lineage: string): Promise<void> => {
  await storage.delete(lineageName(lineage))
  await storage.put(lineageName(lineage), Buffer.from('nonsense'))
}
const protect = async (id: string): Promise<void> =>
  requireUnprotected(repository, [id], { window: Date.now(), now: new Date(), signal: new AbortController().signal })

test('[archive.window] a lineage of which nobody can tell what it is keeps the backups of its store, and those of no other one', async () => {
  const other = SyntheticLog.create(join(folder, 'other'), { store: { ...sampleStore, random: '99' } }).write(3)
  const ofOther = await backUpLogs(repository, other)
  await archiveAll(repository, other.write(3))
  await spoil(rootLineage(other.store))
  await expect(protect(ofOther.id)).rejects.toMatchObject({
    code: 'integrity',
    message: expect.stringContaining(`lineage ${rootLineage(other.store)} cannot be followed`) as string,
  })
  await expect(protect(backup)).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('within the promised window') as string,
  })
  await backUpLogs(repository, log.copyUpTo(4, join(folder, 'twin')))
  await expect(protect(backup)).resolves.toBeUndefined()
})

test('[archive.window] a lineage of which nothing is archived any more keeps no backup, whatever became of its description', async () => {
  await repository.deleteBackups([backup])
  expect((await repository.archive.list()).segments).toEqual([])
  const again = await backUpLogs(repository, log)
  await backUpLogs(repository, log.write(1))
  await spoil(rootLineage(log.store))
  await expect(protect(again.id)).resolves.toBeUndefined()
})
