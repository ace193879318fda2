import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ArchiveReport, archiveStatusCommand } from '../../../src/cli/archiveStatusCommand.ts'
import type { Context } from '../../../src/cli/command.ts'
import { type Clock, systemClock } from '../../../src/core/clock.ts'
import { silent } from '../../../src/core/progress.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { gapName, rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository, segmentOf } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)

let folder: string
let storage: Storage
let repository: Repository
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-status-'))
  storage = memoryStorage()
  repository = await newRepository({ storage })
})
afterEach(() => rmSync(folder, { recursive: true }))

const make = (): SyntheticLog => SyntheticLog.create(join(folder, 'data'), { kernelVersion: 33 }).write(3)

/** What `holdfast archive status` says of a data directory. */
async function status(
  { dataDir }: SyntheticLog,
  { maxBehind, clock = systemClock }: { maxBehind?: string; clock?: Clock } = {},
): Promise<ArchiveReport & { failure: string | undefined; text: string }> {
  const services = { repository: async () => Promise.resolve(repository), clock }
  const settings = { values: { dataDir, logRetention: '2 days 2G' } }
  const { signal } = new AbortController()
  const context = { services, signal, progress: silent, settings } as unknown as Context<never, never>
  const { result, text, failure } = await archiveStatusCommand.execute({ arguments: {}, options: { maxBehind } }, context)
  return { ...(result as ArchiveReport), text, failure }
}

test('a log that is archived as it is written is told with its lineage', async () => {
  const log = make()
  await archiveAll(repository, log)
  log.write(1)
  const { lineages, unarchived, failure } = await status(log)
  expect([unarchived, failure]).toEqual([[], undefined])
  expect(lineages).toMatchObject([{ lineage: root, live: { behindBytes: log.at(5).end - log.at(5).start } }])
})

test('[damage.detected] segments that something removed, and a marker of a gap that is damaged, are named and a failure', async () => {
  const log = make()
  for (const count of [0, 2, 2]) await archiveAll(repository, log.write(count))
  await repository.archive.deleteSegment(segmentOf(log, 5, 6))
  expect(await status(log)).toMatchObject({
    failure: 'integrity',
    text: expect.stringMatching(/MISSING +transactions 5 to 6 are in no segment any more/) as string,
  })
  const gap = { lineage: root, first: 5, last: 6 }
  await repository.archive.putGap({ ...gap, found: new Date().toISOString() })
  expect(await status(log)).toMatchObject({ failure: undefined, lineages: [{ gaps: [gap], missing: [] }] })
  await storage.delete(gapName(gap))
  await storage.put(gapName(gap), Buffer.from('nonsense'))
  expect(await status(log)).toMatchObject({
    failure: 'integrity',
    lineages: [{ gaps: [], missing: [], live: { behindBytes: 0 } }],
    damaged: [{ lineage: root, problem: expect.stringContaining(gapName(gap)) as string }],
    text: expect.stringMatching(new RegExp(`DAMAGED +lineage ${root}: ${gapName(gap)}`)) as string,
  })
})

describe('named apart is', () => {
  test('a database of which nothing is archived yet', async () => {
    const log = make()
    expect(await status(log)).toMatchObject({ unarchived: [{ database: 'neo4j', state: 'new' }], failure: undefined })
    await archiveAll(repository, log)
    SyntheticLog.create(log.dataDir, { database: 'other', store: { ...sampleStore, random: '4711' } }).write(2)
    const { unarchived, text, failure } = await status(log)
    expect(unarchived).toMatchObject([{ database: 'other', state: 'new' }])
    expect(text).toMatch(/other +not archived yet\nbehind +/)
    expect(failure).toBeUndefined()
  })

  test('one of which nothing was written behind its backup', async () => {
    const log = make()
    await backUpLogs(repository, log)
    expect((await status(log)).text).toMatch(/neo4j +nothing to archive yet/)
  })

  test('log that Neo4j pruned while no archiver ran', async () => {
    const log = make()
    await archiveAll(repository, log)
    log.write(3).rotate().write(3).prune()
    const { unarchived, text, failure } = await status(log)
    expect(unarchived).toMatchObject([{ state: 'pruned', lineage: root, after: 4, lost: { first: 5, last: 7 } }])
    expect(text).toMatch(/LOST +transactions 5 to 7 were pruned before they were archived/)
    expect(failure).toBe('integrity')
    await archiveAll(repository, log)
    expect(await status(log)).toMatchObject({ unarchived: [], failure: undefined })
  })

  test('a restored database that has left what is archived', async () => {
    const log = make().write(3)
    await archiveAll(repository, log)
    const other = log.copyUpTo(5, join(folder, 'other')).write(2, { body: 'other' })
    const { unarchived, text, failure } = await status(other)
    const behindBytes = other.at(7).end - other.at(6).start
    expect(unarchived).toEqual([
      {
        database: 'neo4j',
        state: 'branched',
        lineage: root,
        after: 5,
        lost: null,
        behindBytes,
        behindSince: new Date(other.at(6).commitTime).toISOString(),
        problem: null,
      },
    ])
    expect(text).toContain(`left ${root} after transaction 5`)
    expect(failure).toBeUndefined()
  })

  test('a log that has nothing in common with what is archived of its store', async () => {
    await archiveAll(repository, make())
    const other = SyntheticLog.create(join(folder, 'other'), { kernelVersion: 33 })
    expect(await status(other)).toMatchObject({ unarchived: [{ state: 'foreign', behindBytes: 0 }], failure: undefined })
    other.write(5, { body: 'other' })
    const { unarchived, text, failure } = await status(other)
    expect(unarchived).toMatchObject([{ state: 'foreign', lineage: null }])
    expect(text).toMatch(/neo4j +has nothing in common with what is archived of its store/)
    expect(failure).toBe('integrity')
  })

  test.each([2, 6])('a log that is damaged at transaction %i', async (id) => {
    const log = make()
    await archiveAll(repository, log)
    log.write(4).damage(id)
    const { lineages, unarchived, text, failure } = await status(log)
    expect(lineages).toMatchObject([{ lineage: root, live: null }])
    expect(unarchived).toMatchObject([{ state: 'damaged', problem: expect.stringContaining('damaged at offset') }])
    expect(text).toMatch(/DAMAGED +log of neo4j: /)
    expect(failure).toBe('integrity')
  })
})

test('where the data directory is lost, what can be restored is told, and that the live log is not there', async () => {
  const log = make()
  await backUpLogs(repository, log)
  await archiveAll(repository, log.write(2))
  rmSync(log.dataDir, { recursive: true })
  expect(await status(log, { maxBehind: '1m' })).toMatchObject({
    failure: 'neo4j-unavailable',
    lineages: [{ lineage: root, last: { id: 6 }, live: null }],
    unavailable: expect.stringContaining(log.dataDir) as string,
    text: expect.stringMatching(/NO LOG +.*\n\nrestorable\nneo4j +transactions 4 to 6/s) as string,
  })
})

describe('with --max-behind it fails', () => {
  const maxBehind = '1m'
  const minute = 60_000
  /** Some time after the transaction of an id was committed. */
  const after = (log: SyntheticLog, id: number, milliseconds: number): Clock => ({
    ...systemClock,
    now: () => new Date(log.at(id).commitTime + milliseconds),
  })

  test('where log that is older is not archived, and never where all is', async () => {
    const log = make()
    await archiveAll(repository, log)
    const yearLater = after(log, 4, 365 * 24 * 3_600_000)
    expect(await status(log, { maxBehind, clock: yearLater })).toMatchObject({ late: [], failure: undefined })
    log.write(2)
    expect(await status(log, { maxBehind, clock: after(log, 5, minute) })).toMatchObject({ late: [], failure: undefined })
    const clock = after(log, 5, minute + 1)
    const since = new Date(log.at(5).commitTime).toISOString()
    expect(await status(log, { maxBehind, clock })).toMatchObject({
      late: [{ database: 'neo4j', since }],
      failure: 'refused',
      text: expect.stringMatching(new RegExp(`LATE +log of neo4j waits to be archived since ${since}`)) as string,
    })
    expect(await status(log, { clock })).toMatchObject({ late: [], failure: undefined })
  })

  test('where no archiver has ever come to a database', async () => {
    const log = make()
    const clock = after(log, 4, 2 * minute)
    expect(await status(log, { maxBehind, clock })).toMatchObject({ late: [{ database: 'neo4j' }], failure: 'refused' })
  })

  test('where a restored database has left what is archived', async () => {
    const log = make().write(3)
    await archiveAll(repository, log)
    const other = log.copyUpTo(5, join(folder, 'other')).write(1, { body: 'other' })
    const clock = after(other, 6, 2 * minute)
    expect(await status(other, { maxBehind, clock })).toMatchObject({ late: [{ database: 'neo4j' }], failure: 'refused' })
  })
})

test('[damage.detected] a backup of which nobody can tell whether a lineage leads on from it is named, and all else is told', async () => {
  const log = make()
  await backUpLogs(repository, log)
  const { id } = await backUpLogs(repository, log.write(2))
  await archiveAll(repository, log.write(1))
  await archiveAll(repository, log.write(3))
  const name = segmentName((await repository.archive.list()).segments[0]!)
  await storage.delete(name)
  await storage.put(name, Buffer.from('nonsense'))
  const { lineages, windows, unclear, text, failure } = await status(log)
  expect(lineages).toMatchObject([{ lineage: root, segments: 2 }])
  expect(windows).toMatchObject({
    neo4j: [
      { lineage: root, from: { id: 4 }, to: { id: 10 } },
      { from: { id: 6 }, to: { id: 6 } },
    ],
  })
  expect(unclear).toEqual([{ database: 'neo4j', backup: id, lineage: root, problem: expect.stringContaining(name) as string }])
  expect(text).toMatch(new RegExp(`DAMAGED +nobody can tell whether lineage ${root} leads on from backup ${id}: ${name}`))
  expect(failure).toBe('integrity')
})
