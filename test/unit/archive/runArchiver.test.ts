import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { openRepository, type Repository } from '../../../src/repository/repository.ts'
import { rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import { archiveAll, archived, beginArchiver, newRepository, putSegment, segmentOf } from '../../support/archiving.ts'
import { headerBytes, sampleStore } from '../../support/logBytes.ts'
import { lying, metered } from '../../support/meteredStorage.ts'
import { type Running, runInTime } from '../../support/runningArchiver.ts'
import { collect } from '../../support/streams.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const root = rootLineage(sampleStore)

let folder: string
let log: SyntheticLog
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-archiver-'))
  log = SyntheticLog.create(join(folder, 'data'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const run = (repository: Repository): Running => runInTime(repository, log)

describe('shipping', () => {
  test('[archive.exact] every transaction is archived as the bytes it was, once, in order', async () => {
    const repository = await newRepository()
    log.write(3)
    await using archiver = run(repository)
    await archiver.until(() => archiver.kinds().includes('shipped'))
    log.write(2).rotate().write(2)
    await archiver.until(() => archiver.kinds().filter((kind) => kind === 'shipped').length === 3)
    const { segments } = await repository.archive.list()
    expect(segments.map(({ first, last, logVersion }) => [first, last, logVersion])).toEqual([
      [2, 4, 0],
      [5, 6, 0],
      [7, 8, 1],
    ])
    for (const segment of segments) {
      expect(segment).toMatchObject(segmentOf(log, segment.first, segment.last))
      const bytes = await collect(repository.archive.readLog(segment))
      expect(bytes.equals(log.slice(segment.first, segment.last))).toBe(true)
    }
    expect(archiver.kinds()).toEqual(['begun', 'lineage', 'shipped', 'shipped', 'shipped'])
  })

  test('[archive.idle] while nothing is written, nothing is asked of the storage', async () => {
    const storage = metered(memoryStorage())
    const repository = await newRepository({ storage })
    log.write(3)
    await using archiver = run(repository)
    await archiver.until(() => archiver.kinds().includes('shipped'))
    const before = storage.requests.length
    for (let interval = 0; interval < 200; interval++) await archiver.clock.advance(1000)
    expect(storage.requests.slice(before)).toEqual([])
    log.write(1)
    await archiver.until(() => archiver.kinds().filter((kind) => kind === 'shipped').length === 2)
    expect(storage.requests.slice(before)).toEqual([`put ${segmentName(segmentOf(log, 5, 5))}`])
  })

  test('storage that cannot be reached is tried again until it can, and nothing is lost', async () => {
    let reachable = true
    const storage = metered(memoryStorage(), () => {
      if (!reachable) throw new HoldfastError('repository', 'the storage is out of reach')
    })
    const repository = await newRepository({ storage })
    log.write(3)
    await using archiver = run(repository)
    await archiver.until(() => archiver.kinds().includes('shipped'))
    reachable = false
    log.write(2).rotate().write(2)
    await archiver.until(() => archiver.kinds().filter((kind) => kind === 'failed').length === 5)
    const waits = archiver.events.flatMap((event) => (event.kind === 'failed' ? [event.retryIn] : []))
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000])
    reachable = true
    await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === 8))
    expect(archiver.kinds().filter((kind) => kind === 'recovered')).toHaveLength(1)
    expect(await archived(repository)).toEqual(['2-4', '5-6', '7-8'])
  })

  test('a put whose answer was lost is not repeated blindly', async () => {
    let lose = true
    const storage = metered(
      memoryStorage(),
      () => {},
      (request) => {
        if (!lose || !request.endsWith('.segment')) return
        lose = false
        throw new HoldfastError('repository', 'the answer was lost')
      },
    )
    const repository = await newRepository({ storage })
    log.write(3)
    await using archiver = run(repository)
    await archiver.until(() => archiver.kinds().includes('recovered'))
    log.write(1)
    await archiver.until(() => archiver.kinds().includes('shipped'))
    expect(await archived(repository)).toEqual(['2-4', '5-5'])
  })

  test('an object of the same name counts only if it is what it should be', async () => {
    const storage = memoryStorage()
    // It lists nothing, so that the archiver meets what is there when it puts.
    await newRepository({ storage })
    const repository = await openRepository(lying(storage, (objects) => objects.filter(({ name }) => !name.endsWith('.segment'))))
    log.write(3)
    await putSegment(repository, log, segmentOf(log, 2, 4))
    await using sound = await beginArchiver(repository, log)
    expect(await sound.step()).toBe(true)
    await storage.delete(segmentName(segmentOf(log, 2, 4)))
    await storage.put(segmentName(segmentOf(log, 2, 4)), Buffer.from('HFSEGM01 and nothing else'))
    await using damaged = await beginArchiver(repository, log)
    await expect(damaged.step()).rejects.toMatchObject({ code: 'integrity' })
  })

  test('a listing that names everything twice, or leaves out the newest, changes nothing of what is stored', async () => {
    const storage = memoryStorage()
    const plain = await newRepository({ storage })
    log.write(3)
    await archiveAll(plain, log)
    log.write(2)
    await archiveAll(plain, log)
    const before = await archived(plain)
    for (const change of [
      (objects: { name: string; size: number; modified: Date }[]) => objects.flatMap((object) => [object, object]),
      (objects: { name: string; size: number; modified: Date }[]) => objects.slice(0, -1),
      (objects: { name: string; size: number; modified: Date }[]) => objects.toReversed(),
    ]) {
      await archiveAll(await openRepository(lying(storage, change)), log)
      expect(await archived(plain)).toEqual(before)
    }
  })
})

describe('what happens to the log meanwhile', () => {
  test('[archive.gaps] what was pruned before it was archived is told and marked, and the archive goes on behind it', async () => {
    const repository = await newRepository()
    log.write(2)
    await using archiver = run(repository)
    await archiver.until(() => archiver.kinds().includes('shipped'))
    log.write(2).rotate().write(2).rotate().write(3)
    rmSync(log.path(1))
    await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === 10))
    expect(archiver.events).toContainEqual({ database: 'neo4j', kind: 'gap', lineage: root, first: 6, last: 7 })
    expect(await archived(repository)).toEqual(['2-3', '4-5', '8-10'])
    const { gaps } = await repository.archive.list()
    expect(await Promise.all(gaps.map(async (gap) => repository.archive.readGap(gap)))).toMatchObject([
      { lineage: root, first: 6, last: 7, after: new Date(log.at(5).commitTime).toISOString() },
    ])
  })

  test('[archive.lineages] a restored directory in its place begins a lineage, though its newest file is older', async () => {
    const repository = await newRepository()
    log.write(2).rotate().write(2).rotate().write(2)
    await using archiver = run(repository)
    await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === 7))
    const other = log.copyUpTo(4, join(folder, 'restored')).moveTo(log)
    other.write(2, { body: 'other' })
    await archiver.until(() => archiver.kinds().filter((kind) => kind === 'lineage').length === 2)
    await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === 6))
    const begun = archiver.events.filter((event) => event.kind === 'lineage')
    expect(begun).toMatchObject([{ isFirst: true }, { isFirst: false, parent: root, after: 4 }])
    expect(await archived(repository)).toEqual(['5-6', '2-3', '4-5', '6-7'])
  })

  test('a log that contradicts itself is reported, and not looked at all the time', async () => {
    const repository = await newRepository()
    log.write(2)
    writeFileSync(log.path(1), headerBytes({ logVersion: 1, lastIdBefore: 7 }))
    await using archiver = run(repository)
    await archiver.until(() => archiver.kinds().filter((kind) => kind === 'failed').length === 4)
    expect(archiver.kinds().filter((kind) => kind === 'begun').length).toBeLessThanOrEqual(6)
    expect(await archived(repository)).toEqual(['2-3'])
  })

  test('a damaged log is reported, and what is before it is archived', async () => {
    const repository = await newRepository()
    log.write(3)
    appendFileSync(log.path(), Buffer.from('nonsense'))
    writeFileSync(log.path(1), headerBytes({ logVersion: 1, lastIdBefore: 9 }))
    await using archiver = run(repository)
    await archiver.until(() => archiver.kinds().filter((kind) => kind === 'failed').length === 2)
    const { error } = archiver.events.find((event) => event.kind === 'failed')!
    expect(error).toMatchObject({ code: 'integrity', hint: expect.stringContaining('A new backup can be taken once') })
    expect(await archived(repository)).toEqual(['2-4'])
  })
})

test('damage is reported for as long as it is there, and archiving goes on behind it once its file has been pruned', async () => {
  const repository = await newRepository()
  log.write(6).damage(5)
  await using archiver = run(repository)
  await archiver.until(() => archiver.kinds().filter((kind) => kind === 'failed').length === 6)
  expect(archiver.kinds()).not.toContain('recovered')
  expect(archiver.events.find(({ kind }) => kind === 'failed')).toMatchObject({ error: { code: 'integrity' }, retryIn: 500 })
  expect(await archived(repository)).toEqual(['2-4'])
  log.rotate().write(2).checkpoint()
  await archiver.until(() => archiver.kinds().filter((kind) => kind === 'failed').length === 8)
  expect(await archived(repository)).toEqual(['2-4'])
  log.prune()
  await archiver.until(() => archiver.kinds().filter((kind) => kind === 'shipped').length === 2)
  expect(archiver.events).toContainEqual({ database: 'neo4j', kind: 'gap', lineage: root, first: 5, last: 7 })
  expect(await archived(repository)).toEqual(['2-4', '8-9'])
})

test('whatever the operating system says about the log, it is tried again until the log can be read', async () => {
  const repository = await newRepository()
  log.write(3)
  await using archiver = run(repository)
  await archiver.until(() => archiver.kinds().includes('shipped'))
  log.rotate()
  // A name that is too long stands for the errors that nobody thought of, such as those of a file server.
  renameSync(log.directory, join(folder, 'aside'))
  symlinkSync('x'.repeat(300), log.directory)
  await archiver.until(() => archiver.kinds().filter((kind) => kind === 'failed').length === 3)
  expect(archiver.events.find(({ kind }) => kind === 'failed')).toMatchObject({
    error: { message: expect.stringContaining('ENAMETOOLONG') },
  })
  rmSync(log.directory)
  renameSync(join(folder, 'aside'), log.directory)
  log.write(2)
  await archiver.until(() => archiver.kinds().filter((kind) => kind === 'shipped').length === 2)
  expect(await archived(repository)).toEqual(['2-4', '5-6'])
})

test('what nobody has foreseen ends the archiver, once all that it does has ended', async () => {
  const held = Promise.withResolvers<void>()
  let isHeld = false
  let hasThrown = false
  const storage = metered(memoryStorage(), async (request) => {
    if (!request.endsWith('.segment') || !request.startsWith('put')) return
    if (request.includes(root)) {
      isHeld = true
      await held.promise
    } else {
      hasThrown = true
      throw new Error('unforeseen')
    }
  })
  const repository = await newRepository({ storage })
  log.write(3)
  await using archiver = run(repository)
  await archiver.until(() => isHeld)
  SyntheticLog.create(log.dataDir, { database: 'system', store: { ...sampleStore, random: '4711' } }).write(2)
  await archiver.until(() => hasThrown)
  let looks = 0
  await archiver.until(() => looks++ === 20)
  held.resolve()
  await expect(archiver.until(() => false)).rejects.toThrow('unforeseen')
})

describe('databases that are not there yet', () => {
  const store = { ...sampleStore, random: '4711' }
  const shipped = ({ events }: Running): string[] => events.flatMap((event) => (event.kind === 'shipped' ? [event.database] : []))

  test('one that appears while the archiver runs is archived', async () => {
    const repository = await newRepository()
    log.write(3)
    await using archiver = run(repository)
    await archiver.until(() => shipped(archiver).includes('neo4j'))
    SyntheticLog.create(log.dataDir, { database: 'system', store }).write(2)
    await archiver.until(() => shipped(archiver).includes('system'))
    expect(archiver.events.filter(({ kind }) => kind === 'appeared')).toEqual([{ database: 'system', kind: 'appeared' }])
    log.write(1)
    await archiver.until(() => shipped(archiver).length === 3)
    expect((await repository.archive.list()).segments.map(({ first, last }) => [first, last])).toEqual(
      expect.arrayContaining([
        [2, 3],
        [2, 4],
        [5, 5],
      ]),
    )
  })

  test('all of them may be missing, which is told once', async () => {
    const repository = await newRepository()
    const dataDir = join(folder, 'new')
    for (const name of ['databases', 'transactions']) mkdirSync(join(dataDir, name), { recursive: true })
    await using archiver = runInTime(repository, { dataDir })
    await archiver.until(() => archiver.kinds().length > 0)
    for (let second = 0; second < 60; second++) await archiver.clock.advance(1000)
    expect(archiver.kinds()).toEqual(['waiting'])
    SyntheticLog.create(dataDir).write(2)
    await archiver.until(() => shipped(archiver).length === 1)
    expect(await archived(repository)).toEqual(['2-3'])
  })

  test('a folder that is no data directory is refused', async () => {
    await using archiver = runInTime(await newRepository(), { dataDir: folder })
    await expect(archiver.until(() => false)).rejects.toMatchObject({ code: 'neo4j-unavailable' })
  })
})
