import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ArchiveEvent } from '../../src/archive/archiveEvent.ts'
import { openRepository, type Repository } from '../../src/repository/repository.ts'
import { rootLineage } from '../../src/repository/segmentName.ts'
import { directoryStorage } from '../../src/storage/directory.ts'
import type { StoredObject } from '../../src/storage/storage.ts'
import { archiveAll, archived, backUpLogs, newRepository } from '../support/archiving.ts'
import { sampleStore } from '../support/logBytes.ts'
import { ManualClock } from '../support/manualClock.ts'
import { lying, metered } from '../support/meteredStorage.ts'
import { at, endsOfPlan, planTo } from '../support/planning.ts'
import { archivedIn } from '../support/pointInTimeChecks.ts'
import { runInTime } from '../support/runningArchiver.ts'
import { slow } from '../support/slowStorage.ts'
import { firstCommit, SyntheticLog } from '../support/syntheticLog.ts'

const root = rootLineage(sampleStore)
const latest = { kind: 'latest' } as const
const storage = () => directoryStorage(join(folder, 'repo'))

let folder: string
let log: SyntheticLog
let repository: Repository
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-slow-'))
  log = SyntheticLog.create(join(folder, 'data')).write(1)
  repository = await newRepository({ storage: storage(), clock: new ManualClock(new Date(firstCommit)) })
  await backUpLogs(repository, log)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What the archive lacks of the log, or has otherwise; every segment is read and verified. */
async function lacking(): Promise<string[]> {
  const archivedLog = await archivedIn(repository, root)
  return log.transactions
    .filter(({ id }) => id > 2)
    .flatMap(({ id, checksum }) => (archivedLog.get(id)?.checksum === checksum ? [] : [`transaction ${id}`]))
}

type HeadroomEvent = Extract<ArchiveEvent, { kind: 'headroom' }>

describe('storage that is slow', () => {
  test('[archive.exact] that stands still in the middle of a put: the backlog is told as it grows, no more is promised than is stored, and then all of it is', async () => {
    const slowed = slow(storage())
    const size = 1024 * 1024
    const options = { retention: { size, time: null }, headroomAlert: Number.MAX_SAFE_INTEGER }
    await using archiver = runInTime(await openRepository(slowed), log, options)
    log.write(3)
    await archiver.until(() => archiver.kinds().includes('shipped'))
    slowed.hold()
    log.write(4, { body: 'x'.repeat(1000) })
    await archiver.until(() => slowed.isWaiting)

    // Files are read and synced in real time, in which more may pass here than an archiver needs to begin.
    const before = archiver.events.length
    const told = (): HeadroomEvent[] => archiver.events.slice(before).filter((event) => event.kind === 'headroom')
    const promised: number[] = []
    for (const alerts of [1, 2, 3]) {
      await archiver.until(() => told().length >= alerts)
      expect(await archived(repository)).toEqual(['3-5'])
      promised.push((await planTo(repository, latest)).replays[0]!.to.id)
      for (const moment of [at(5, 1), at(6), at(log.last.id)])
        await expect(planTo(repository, moment)).rejects.toMatchObject({
          code: 'refused',
          hint: expect.stringContaining('before it transaction 5 ') as string,
        })
      log.write(5, { body: 'x'.repeat(1000) })
      if (alerts === 2) log.rotate()
    }
    expect(promised).toEqual([5, 5, 5])
    const alerts = told().map(({ headroom, behindBytes }) => ({ left: headroom.bytes!, behindBytes }))
    expect(alerts.map(({ left, behindBytes }) => left + behindBytes)).toEqual([size, size, size])
    expect(alerts[0]!.behindBytes).toBeGreaterThan(4000)
    expect(alerts[1]!.behindBytes).toBeGreaterThan(alerts[0]!.behindBytes + 5000)
    expect(alerts[2]!.behindBytes).toBeGreaterThan(alerts[1]!.behindBytes + 5000)

    slowed.release()
    await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === log.last.id))
    expect(archiver.kinds()).not.toContain('failed')
    expect(await lacking()).toEqual([])
    expect(await endsOfPlan(repository, latest)).toEqual([2, log.last.id])
    expect(await endsOfPlan(repository, at(7))).toEqual([2, 7])
    // It has caught up: there is nothing to tell any more.
    const toldBefore = told().length
    for (let minute = 0; minute < 5; minute++) await archiver.clock.advance(60_000)
    expect(told()).toHaveLength(toldBefore)
  })

  test('[archive.exact] whose every answer takes longer than the log takes to grow: fewer, larger segments, and nothing is missing', async () => {
    const clock = new ManualClock()
    let delay = async (): Promise<void> => {}
    const opened = await openRepository(metered(storage(), async () => delay()))
    delay = async () => clock.sleep(7000)
    await using archiver = runInTime(opened, log, { clock })
    for (let second = 0; second < 60; second++) {
      log.write(2)
      if (second % 25 === 24) log.rotate()
      await clock.advance(1000)
    }
    await archiver.until(() => archiver.events.some((event) => event.kind === 'shipped' && event.segment.last === log.last.id))
    const shipped = archiver.events.filter((event) => event.kind === 'shipped')
    expect(shipped.length).toBeLessThan(20)
    expect(await lacking()).toEqual([])
    expect(await endsOfPlan(repository, latest)).toEqual([2, log.last.id])
  })
})

describe('storage whose listing is stale', () => {
  const segmentsOnly = ({ name }: StoredObject): boolean => name.endsWith('.segment')
  /** As it was when `seen` were there. */
  const stale = async (seen: readonly string[]): Promise<Repository> =>
    openRepository(lying(storage(), (objects) => objects.filter((object) => !segmentsOnly(object) || seen.includes(object.name))))
  const names = async (): Promise<string[]> =>
    (await Array.fromAsync(storage().list('archive/'))).filter(segmentsOnly).map(({ name }) => name)

  beforeEach(async () => {
    for (let segment = 0; segment < 4; segment++) await archiveAll(repository, log.write(2))
  })

  test('[archive.exact] promises what it lists, never more, and a moment that it does not reach is refused', async () => {
    for (const kept of [3, 1]) {
      const old = await stale((await names()).slice(0, kept))
      expect(await endsOfPlan(old, latest)).toEqual([2, 2 + 2 * kept])
      await expect(planTo(old, at(2 + 2 * kept, 1))).rejects.toMatchObject({ code: 'refused' })
    }
    await expect(planTo(await stale([]), at(4))).rejects.toMatchObject({ code: 'refused' })
  })

  test.each([3, 1, 0])(
    '[archive.exact] an archiver that sees only %i of 4 segments stores the rest again, and the archive is the log',
    async (kept) => {
      const old = await stale((await names()).slice(0, kept))
      await archiveAll(old, log.write(2))
      expect(await lacking()).toEqual([])
      expect(await endsOfPlan(repository, latest)).toEqual([2, log.last.id])
      for (const { id } of log.transactions.slice(1)) expect(await endsOfPlan(repository, at(id))).toEqual([2, id])
    },
  )

  test('[archive.gaps] a gap that was marked on the word of a stale listing hides nothing that is archived', async () => {
    const old = await stale((await names()).slice(0, 2))
    log.rotate().write(2).prune()
    await archiveAll(old, log)
    expect((await repository.archive.list()).gaps).toEqual([{ lineage: root, first: 7, last: 10 }])
    expect(await lacking()).toEqual([])
    for (const { id } of log.transactions.slice(1)) expect(await endsOfPlan(repository, at(id))).toEqual([2, id])
    expect((await planTo(repository, latest)).doubts).toEqual([])
  })

  test('[damage.detected] one that still names what is gone says so instead of restoring less', async () => {
    const remembered = await Array.fromAsync(storage().list(''))
    const old = await openRepository(lying(storage(), (objects) => (objects.some(segmentsOnly) ? remembered : objects)))
    const [first] = (await repository.archive.list()).segments
    await repository.archive.deleteSegment(first!)
    await expect(planTo(old, latest)).rejects.toThrow('is missing')
  })
})
