import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ArchiveEvent } from '../../../src/archive/archiveEvent.ts'
import { HeadroomWatch } from '../../../src/archive/headroomWatch.ts'
import { HoldfastError } from '../../../src/core/errors.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { newRepository } from '../../support/archiving.ts'
import { metered } from '../../support/meteredStorage.ts'
import { runInTime } from '../../support/runningArchiver.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-headroom-'))))
afterEach(() => rmSync(folder, { recursive: true }))

test('a look that fails does not end the watch, and the next one tells', async () => {
  const log = SyntheticLog.create(join(folder, 'data'), { kernelVersion: 33 }).write(3).rotate().write(2)
  const clock = new ManualClock()
  const events: ArchiveEvent[] = []
  const ending = new AbortController()
  const watch = new HeadroomWatch('neo4j', {
    repository: await newRepository(),
    dataDir: log.dataDir,
    interval: 1000,
    retention: { size: 0, time: 0 },
    headroomAlert: 1,
    clock,
    listener: (event) => events.push(event),
    signal: ending.signal,
  })
  watch.follow({ standing: { place: { logVersion: 0, offset: 128, nextId: 2, previousChecksum: undefined }, rate: 1 } })
  const { promise: failed, reject } = Promise.withResolvers<never>()
  const watching = watch.run().catch(reject)
  // A name that is too long stands for the errors that nobody thought of, such as those of a file server.
  renameSync(log.directory, join(folder, 'aside'))
  symlinkSync('x'.repeat(300), log.directory)
  const pass = async (): Promise<void> => Promise.race([clock.advance(31_000), failed])
  await pass()
  await pass()
  expect(events).toEqual([])
  rmSync(log.directory)
  renameSync(join(folder, 'aside'), log.directory)
  while (events.length === 0) await pass()
  expect(events[0]).toMatchObject({ kind: 'headroom', headroom: { bytes: 0 } })
  ending.abort()
  await watching
})

test('storage that is out of reach from the start: it is told how much may be lost at most, and how soon', async () => {
  let reachable = true
  const storage = metered(memoryStorage(), () => {
    if (!reachable) throw new HoldfastError('repository', 'the storage is out of reach')
  })
  const repository = await newRepository({ storage })
  reachable = false
  const log = SyntheticLog.create(join(folder, 'data')).write(3).rotate().write(2)
  const clock = new ManualClock(new Date(log.last.commitTime + 60_000))
  const limits = { retention: { size: 1024, time: null }, headroomAlert: 1e9 }
  await using archiver = runInTime(repository, log, { clock, ...limits })
  await archiver.until(() => archiver.kinds().includes('headroom'))
  const behindBytes = log.transactions.reduce((sum, { start, end }) => sum + end - start, 0)
  const expected = { kind: 'headroom', atMost: true, behindBytes, headroom: { bytes: 1024 - behindBytes } }
  expect(archiver.events.find(({ kind }) => kind === 'headroom')).toMatchObject(expected)
})
