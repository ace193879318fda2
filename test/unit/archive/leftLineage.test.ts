import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { archiveStatus } from '../../../src/archive/archiveStatus.ts'
import { type Located, locate } from '../../../src/archive/locate.ts'
import { ArchivedHistory } from '../../../src/repository/archivedHistory.ts'
import { openRepository, type Repository } from '../../../src/repository/repository.ts'
import { branchLineage, rootLineage } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, archived, backUpLogs, archiveOn, beginArchiver, newRepository } from '../../support/archiving.ts'
import { metered } from '../../support/meteredStorage.ts'
import { endsOfPlan, tx } from '../../support/planning.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const { signal } = new AbortController()
const latest = { kind: 'latest' } as const

describe.each([20, 33])('a lineage that was left for another one (kernel version %i)', (kernelVersion) => {
  let folder: string
  let storage: Storage
  let repository: Repository
  /** Archived up to transaction 9. */
  let log: SyntheticLog
  let root: string
  /** Left the log behind transaction 5, and is archived up to 7. */
  let restored: SyntheticLog
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-left-'))
    storage = memoryStorage()
    repository = await newRepository({ storage })
    log = SyntheticLog.create(join(folder, 'data'), { kernelVersion }).write(3)
    root = rootLineage(log.store)
    await backUpLogs(repository, log)
    await archiveAll(repository, log.write(5))
    restored = log.copyUpTo(5, join(folder, 'restored')).write(2, { body: 'restored' })
    await archiveAll(repository, restored)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const find = async ({ dataDir, database }: SyntheticLog): Promise<Located> => locate(repository, dataDir, database, signal)
  const backToItsEnd = (): SyntheticLog => log.copyUpTo(9, join(folder, 'back'))
  const status = async ({ dataDir }: SyntheticLog) => {
    const directory = { dataDir, retention: { size: null, time: null }, now: new Date() }
    const { lineages, unarchived } = await archiveStatus(
      repository,
      await ArchivedHistory.read(repository, signal),
      directory,
      signal,
    )
    return {
      live: lineages.filter(({ live }) => live).map(({ lineage }) => lineage),
      unarchived: unarchived.map(({ state, lineage, after }) => ({ state, lineage, after })),
    }
  }

  test('is branched off by a log that goes on from its end, which is then the present', async () => {
    const back = backToItsEnd()
    const branch = { parent: root, after: 9 }
    const between = branchLineage(root, restored.at(6))
    expect(await find(back)).toMatchObject({ lineage: undefined, branch, place: { nextId: 10 } })
    expect(await status(back)).toEqual({ live: [], unarchived: [{ state: 'branched', lineage: root, after: 9 }] })
    await archiveAll(repository, back.write(2, { body: 'back' }))
    const lineage = branchLineage(root, back.at(10))
    expect(await repository.archive.readLineage(lineage)).toMatchObject({
      branch,
      besides: expect.arrayContaining([
        { lineage: root, last: 9 },
        { lineage: between, last: 7 },
      ]) as unknown,
    })
    expect(await endsOfPlan(repository, latest)).toEqual([4, 11])
    expect(await endsOfPlan(repository, tx(8))).toEqual([4, 8])

    expect(await find(back)).toMatchObject({ lineage, place: { nextId: 12 } })
    expect(await status(back)).toEqual({ live: [lineage], unarchived: [] })
    await archiveAll(repository, back.write(1))
    expect(await endsOfPlan(repository, latest)).toEqual([4, 12])
    // The one between goes on as well after all.
    await archiveOn(repository, restored.write(1), 1, between)
    await expect(endsOfPlan(repository, latest)).rejects.toMatchObject({ code: 'refused' })
  })

  test('is branched off once by two archivers of the same log', async () => {
    const back = backToItsEnd()
    await using one = await beginArchiver(repository, back)
    await using other = await beginArchiver(repository, back)
    back.write(2, { body: 'back' })
    for (const archiver of [one, other]) while (await archiver.step());
    const { lineages } = await repository.archive.list()
    expect(lineages).toHaveLength(3)
    expect(lineages).toContain(branchLineage(root, back.at(10)))
    expect(await archived(repository)).toHaveLength(3)
    expect(await endsOfPlan(repository, latest)).toEqual([4, 11])
  })

  test('is branched off again by a log that goes back to its end once more', async () => {
    const back = backToItsEnd()
    await archiveAll(repository, back.write(3, { body: 'back' }))
    const again = log.copyUpTo(9, join(folder, 'again')).write(1, { body: 'again' })
    expect(await find(again)).toMatchObject({ lineage: undefined, branch: { parent: root, after: 9 } })
    await archiveAll(repository, again)
    expect(await endsOfPlan(repository, latest)).toEqual([4, 10])
  })

  test('is not taken for what the log left that was cut back within the one that left it', async () => {
    const back = backToItsEnd()
    await archiveAll(repository, back.write(3, { body: 'back' }))
    back.cutBack(11).write(2, { body: 'again' })
    const parent = branchLineage(root, back.at(10))
    expect(await find(back)).toMatchObject({ lineage: undefined, branch: { parent, after: 11 }, place: { nextId: 12 } })
    await archiveAll(repository, back)
    expect(await endsOfPlan(repository, latest)).toEqual([4, 13])
  })

  test('goes on where its own archiver had not stopped, also when that is started once more', async () => {
    await archiveOn(repository, log.write(2), 2)
    expect(await find(log)).toMatchObject({ lineage: root, place: { nextId: 12 } })
    expect(await status(log)).toEqual({ live: [root], unarchived: [] })
    await expect(endsOfPlan(repository, latest)).rejects.toMatchObject({ code: 'refused' })
  })
})

test('no description is read to find the place where there is one lineage', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-left-'))
  try {
    const storage = memoryStorage()
    const log = SyntheticLog.create(folder).write(3)
    await archiveAll(await newRepository({ storage }), log)
    const counted = metered(storage)
    const repository = await openRepository(counted)
    counted.requests.length = 0
    expect(await locate(repository, log.dataDir, log.database, signal)).toMatchObject({ lineage: rootLineage(log.store) })
    expect(counted.requests.filter((request) => request.startsWith('get '))).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
