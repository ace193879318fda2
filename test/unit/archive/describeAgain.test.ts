import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openRepository, type Repository } from '../../../src/repository/repository.ts'
import { lineageName, rootLineage } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, archived, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { TickingClock } from '../../support/manualClock.ts'
import { lying } from '../../support/meteredStorage.ts'
import { endsOfPlan, latest } from '../../support/planning.ts'
import { collect } from '../../support/streams.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)

let folder: string
let storage: Storage
let repository: Repository
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-describe-'))
  storage = memoryStorage()
  repository = await newRepository({ storage, clock: new TickingClock() })
})
afterEach(() => rmSync(folder, { recursive: true }))

describe.each([20, 33])('a description of the first lineage of a store that is gone (kernel version %i)', (kernelVersion) => {
  let log: SyntheticLog
  beforeEach(async () => {
    log = SyntheticLog.create(join(folder, 'data'), { kernelVersion }).write(3).checkpoint()
    await backUpLogs(repository, log)
    await archiveAll(repository, log.write(3))
    await storage.delete(lineageName(root))
  })

  test('is put again when archiving begins, and what is archived can be restored again', async () => {
    await expect(endsOfPlan(repository, latest)).rejects.toMatchObject({ code: 'integrity' })
    const events = await archiveAll(repository, log)
    expect(events.map(({ kind }) => kind)).toEqual(['described', 'begun'])
    const { created, ...description } = await repository.archive.readLineage(root)
    expect(Date.parse(created)).toBeGreaterThan(0)
    expect(description).toEqual({
      id: root,
      database: 'neo4j',
      storeId: { creationTime: String(sampleStore.creationTime), random: sampleStore.random },
      origin: { id: 4, checksum: log.at(4).checksum },
    })
    expect(await endsOfPlan(repository, latest)).toEqual([4, 7])
    expect((await archiveAll(repository, log.write(1))).map(({ kind }) => kind)).toEqual(['begun', 'shipped'])
  })

  test('says nothing of the transaction before the first archived one where the log has been pruned', async () => {
    await archiveAll(repository, log.rotate().write(2).checkpoint())
    await storage.delete(lineageName(root))
    await archiveAll(repository, log.prune())
    const description = await repository.archive.readLineage(root)
    expect(Object.keys(description).toSorted()).toEqual(['created', 'database', 'id', 'storeId'])
  })

  test('keeps nothing of what comes next from being archived', async () => {
    await archiveAll(repository, log.write(2))
    expect(await archived(repository)).toEqual(['5-7', '8-9'])
  })
})

test.each(['listed', 'not listed', 'damaged'])('a description that is there stays as it is (%s)', async (how) => {
  const log = SyntheticLog.create(join(folder, 'data')).write(5)
  await archiveAll(repository, log)
  if (how === 'damaged') {
    await storage.delete(lineageName(root))
    await storage.put(lineageName(root), Buffer.from('nonsense'))
  }
  const before = await collect(storage.get(lineageName(root)))
  const change = (objects: { name: string; size: number; modified: Date }[]) =>
    how === 'not listed' ? objects.filter(({ name }) => name !== lineageName(root)) : objects
  await archiveAll(await openRepository(lying(storage, change)), log.write(1))
  expect(await collect(storage.get(lineageName(root)))).toEqual(before)
  expect(await archived(repository)).toEqual(['2-6', '7-7'])
})
