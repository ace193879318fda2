import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { openRepository } from '../../../src/repository/repository.ts'
import { segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { ObjectMissingError } from '../../../src/storage/storageErrors.ts'
import { archived, backUpLogs, beginArchiver, newRepository, putSegment, segmentOf } from '../../support/archiving.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { hookedListing, lying, metered } from '../../support/meteredStorage.ts'
import { endsOfPlan } from '../../support/planning.ts'
import { runInTime } from '../../support/runningArchiver.ts'
import { collect } from '../../support/streams.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
let log: SyntheticLog
let storage: Storage
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-tidying-'))
  log = SyntheticLog.create(join(folder, 'data'))
  storage = memoryStorage()
  await newRepository({ storage })
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Archives so many transactions in a segment each. */
async function ship(count: number): Promise<void> {
  await using archiver = await beginArchiver(await openRepository(storage), log)
  for (let part = 0; part < count; part++) {
    log.write(1)
    await archiver.step()
  }
}

/** Runs an archiver, and notes how long it waited between requests that begin so. */
async function watched(request: string, before: (request: string) => void = () => {}) {
  const clock = new ManualClock()
  const times: number[] = []
  const note = (sent: string): void => {
    if (sent.startsWith(request)) times.push(clock.monotonic())
    before(sent)
  }
  const observed = metered(storage, note)
  const archiver = runInTime(await openRepository(observed), log, { clock })
  const told = (): string[] => archiver.events.flatMap((event) => (event.kind === 'unmerged' ? [event.error.message] : []))
  return { archiver, told, requests: observed.requests, waits: () => times.slice(1).map((time, index) => time - times[index]!) }
}

/** Lets it ship a transaction while it tries in vain, with waits from ten seconds on that are doubled. */
async function shipsMeanwhile({ archiver, waits }: Awaited<ReturnType<typeof watched>>): Promise<void> {
  log.write(1)
  await archiver.until(() => waits().length >= 3)
  log.write(1)
  await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === log.last.id))
  for (const [index, wait] of waits().slice(0, 3).entries()) expect(wait).toBeGreaterThanOrEqual(10_000 * 2 ** index)
  const kinds = archiver.kinds()
  for (const kind of ['failed', 'recovered', 'merged']) expect(kinds).not.toContain(kind)
  expect(kinds.filter((kind) => kind === 'begun')).toHaveLength(1)
}

test('a merge lists the archive once, and a restore that begins beside it reaches the newest transaction', async () => {
  log.write(1)
  await backUpLogs(await openRepository(storage, { clock: new ManualClock() }), log)
  await ship(60)
  const listings: string[] = []
  const observed = await openRepository(
    metered(storage, (request) => void (request.startsWith('list archive/') && listings.push(request))),
  )
  await using archiver = await beginArchiver(observed, log)
  listings.length = 0
  const beside = hookedListing(storage, async () => {
    if (listings.length > 0) return
    archiver.tidy()
    await archiver[Symbol.asyncDispose]()
  })
  expect(await endsOfPlan(await openRepository(beside), { kind: 'latest' })).toEqual([2, log.last.id])
  expect(listings).toHaveLength(1)
  expect(await archived(observed)).toEqual([`3-${log.last.id}`])
})

test('[archive.merge] a segment is read from what it has become, and that from what it has become in turn', async () => {
  log.write(8)
  const plain = await openRepository(storage)
  const [part, whole, largest] = [segmentOf(log, 4, 4), segmentOf(log, 3, 5), segmentOf(log, 2, 8)]
  await putSegment(plain, log, whole)
  const replacing = metered(storage, async (request) => {
    if (request !== `get ${segmentName(whole)}`) return
    await putSegment(plain, log, largest)
    await plain.archive.deleteSegment(whole)
  })
  const { archive } = await openRepository(replacing)
  const read = await collect(archive.readLog(part))
  expect(read.equals(log.slice(4, 4))).toBe(true)
  await expect(archive.verify(segmentOf(log, 9, 9))).rejects.toThrow(ObjectMissingError)
})

describe('[archive.merge] what cannot be merged is tried again after a while that grows, told once, and hinders no shipping:', () => {
  test('a segment that is damaged', async () => {
    await ship(60)
    const name = segmentName(segmentOf(log, 20, 20))
    const whole = await collect(storage.get(name))
    await storage.delete(name)
    await storage.put(name, Buffer.from('nonsense'))
    const watching = await watched(`get ${name}`)
    await using archiver = watching.archiver
    await shipsMeanwhile(watching)
    expect(watching.told()).toEqual([expect.stringContaining(`${name} in `)])
    await storage.delete(name)
    await storage.put(name, whole)
    await archiver.until(() => archiver.kinds().includes('merged'))
    expect(watching.told()).toHaveLength(1)
    expect(await archived(await openRepository(storage))).toEqual([`2-${log.last.id}`])
  })

  test('a segment that is damaged, and what is behind it is merged nevertheless', async () => {
    await ship(120)
    const name = segmentName(segmentOf(log, 20, 20))
    await storage.delete(name)
    await storage.put(name, Buffer.from('nonsense'))
    const watching = await watched('get')
    await using archiver = watching.archiver
    await archiver.until(() => archiver.kinds().includes('merged'))
    expect(watching.told()).toEqual([expect.stringContaining(`${name} in `)])
    expect((await archived(await openRepository(storage))).slice(-2)).toEqual(['20-20', `21-${log.last.id}`])
  })

  test('storage that refuses to delete, to which nothing is uploaded twice', async () => {
    await ship(60)
    let refuses = true
    const watching = await watched('delete archive/', (request) => {
      if (refuses && request.startsWith('delete archive/')) throw new HoldfastError('repository', 'nothing may be deleted')
    })
    await using archiver = watching.archiver
    await shipsMeanwhile(watching)
    expect(watching.told()).toEqual(['nothing may be deleted'])
    expect(watching.requests.filter((request) => request.startsWith('put archive/'))).toHaveLength(3)
    refuses = false
    await archiver.until(() => archiver.kinds().includes('merged'))
    expect(watching.told()).toHaveLength(1)
    expect(await archived(await openRepository(storage))).toEqual(['2-62', '63-63'])
  })

  test('two histories, also where the second one came when the archiver ran', async () => {
    await ship(20)
    const copy = log.copyUpTo(11, join(folder, 'copy'))
    const watching = await watched('list archive/')
    await using archiver = watching.archiver
    for (let part = 0; part < 70; part++) {
      log.write(1)
      await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === log.last.id))
      if (part !== 20) continue
      copy.write(5, { body: 'another' })
      await putSegment(await openRepository(storage), copy, segmentOf(copy, 12, 16))
    }
    await archiver.until(() => watching.waits().length >= 4)
    expect(watching.told()).toEqual([expect.stringContaining('holds two different histories at transaction 16')])
    expect(archiver.kinds()).not.toContain('merged')
    expect(await archived(await openRepository(storage))).toHaveLength(91)
  })

  test('an object that a listing names twice is not taken for two', async () => {
    await ship(60)
    const twice = lying(storage, (objects) => objects.flatMap((object) => [object, object]))
    const before = await archived(await openRepository(storage))
    await using archiver = await beginArchiver(await openRepository(twice), log)
    archiver.tidy()
    await archiver[Symbol.asyncDispose]()
    expect(await archived(await openRepository(storage))).toEqual(before)
  })
})
