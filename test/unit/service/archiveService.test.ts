import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { HoldfastError } from '../../../src/core/errors.ts'
import { planPointInTime } from '../../../src/recovery/pointInTimePlan.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { rootLineage, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { type Happenings, serveArchive, type ServeOptions, shippedUpTo, writeStore } from '../../support/servingArchive.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
let storage: Storage
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-service-'))
  storage = memoryStorage()
  repository = await newRepository({ storage })
  log = SyntheticLog.create(join(folder, 'data')).write(3).checkpoint()
  writeStore(log)
})
afterEach(() => rmSync(folder, { recursive: true }))

const serve = async (during: (happenings: Happenings) => Promise<void>, options: ServeOptions = {}): Promise<void> =>
  serveArchive({ storage, dataDir: log.dataDir }, during, options)
const backups = async (): Promise<number> => (await repository.listBackups()).length
const planned = async (id: number): Promise<number> => {
  const wish = { point: { kind: 'transaction', id } as const, database: 'neo4j', signal: new AbortController().signal }
  return (await planPointInTime(repository, wish)).replays[0]!.to.id
}

test('the first backup is taken by itself, and what is archived leads on from it', async () => {
  await serve(async (happenings) => {
    await happenings.until(async () => (await backups()) === 1)
    log.write(3)
    await happenings.until(shippedUpTo(happenings, 7))
  })
  expect(await planned(6)).toBe(6)
  expect(await planned(7)).toBe(7)
  expect(await backups()).toBe(1)
})

test('no backup is taken where there is one to build on, nor at any later start', async () => {
  await backUpLogs(repository, log)
  for (const id of [6, 8, 10])
    await serve(async (happenings) => {
      log.write(2)
      await happenings.until(shippedUpTo(happenings, id))
    })
  expect(await backups()).toBe(1)
  expect(await planned(9)).toBe(9)
})

test('no backup is taken where that is not wanted', async () => {
  await serve(async (happenings) => happenings.until(shippedUpTo(happenings, 4)), { takeBases: false })
  expect(await backups()).toBe(0)
})

test('a backup that it takes by itself keeps to a rate', async () => {
  const maxRate = 500
  await serve(async (happenings) => happenings.until(async () => (await backups()) === 1), { maxRate })
  const [{ timing, totals } = expect.fail()] = await repository.listSoundBackups()
  expect(totals.size).toBeGreaterThan(maxRate)
  // A timer may be a little early.
  const shortest = (totals.size / maxRate) * 1000 - 50
  expect(Date.parse(timing.finished) - Date.parse(timing.started)).toBeGreaterThan(shortest)
})

test('a rate for backups holds no log back', async () => {
  const maxRate = 1
  await serve(
    async (happenings) => {
      await happenings.until(shippedUpTo(happenings, 4))
      log.write(20)
      await happenings.until(shippedUpTo(happenings, 24))
    },
    { maxRate },
  )
  expect(await backups()).toBe(0)
})

describe('[archive.gaps] a backup is taken at once', () => {
  beforeEach(async () => {
    await backUpLogs(repository, log)
    log.write(2)
    await archiveAll(repository, log)
  })
  const lose = (): void => void log.write(2).rotate().write(2).checkpoint().prune()

  test('where log was pruned while nobody archived', async () => {
    lose()
    await serve(async (happenings) => {
      await happenings.until(async () => (await backups()) === 2)
      expect(happenings.events).toContainEqual(expect.objectContaining({ kind: 'gap', first: 7, last: 8 }))
      log.write(2)
      await happenings.until(shippedUpTo(happenings, 12))
    })
    expect(await planned(11)).toBe(11)
  })

  test('at the next start, where it could not be taken before the service was ended', async () => {
    lose()
    const before = (request: string): void => {
      if (request.includes('packs')) throw new HoldfastError('repository', 'no room')
    }
    await serve(async (happenings) => happenings.until(() => happenings.warnings.length > 0), { before })
    expect(await backups()).toBe(1)
    await serve(async (happenings) => happenings.until(async () => (await backups()) === 2))
    log.write(1)
    await archiveAll(repository, log)
    expect(await planned(11)).toBe(11)
  })

  test('where the newest archived log is damaged', async () => {
    const [segment] = (await repository.archive.list()).segments
    await storage.delete(segmentName(segment!))
    await storage.put(segmentName(segment!), Buffer.from('nonsense'))
    await backUpLogs(repository, log.copyUpTo(4, join(folder, 'twin')))
    await serve(async (happenings) => {
      await happenings.until(async () => (await backups()) === 3)
      expect(happenings.warnings).toEqual([expect.stringContaining(segmentName(segment!))])
      log.write(2)
      await happenings.until(shippedUpTo(happenings, 8))
    })
    expect(await planned(8)).toBe(8)
  })

  test('where the log goes on from nothing that is archived', async () => {
    const other = SyntheticLog.create(join(folder, 'elsewhere')).write(1, { body: 'other' }).checkpoint().moveTo(log)
    other.write(9, { body: 'other' })
    log = other
    await serve(async (happenings) => happenings.until(async () => (await backups()) === 2))
    log.write(1, { body: 'other' })
    await archiveAll(repository, log)
    expect(await planned(12)).toBe(12)
  })

  test('where the last backup is older than the archive, with a hole between', async () => {
    for (const { name } of await Array.fromAsync(storage.list('archive/'))) await storage.delete(name)
    log.write(2).rotate().checkpoint().prune()
    await serve(async (happenings) => happenings.until(async () => (await backups()) === 2))
    log.write(2)
    await archiveAll(repository, log)
    expect(await planned(10)).toBe(10)
  })
})

test('a backup that goes away while the log is archived is replaced within about an hour, once something was written', async () => {
  const only = await backUpLogs(repository, log)
  let passed = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + passed }
  const requests: string[] = []
  const before = (request: string): void => void requests.push(request)
  await serve(
    async (happenings) => {
      log.write(1)
      await happenings.until(shippedUpTo(happenings, 5))
      await repository.deleteBackups([only.id])
      passed = 3_000_000
      const asked = requests.length
      log.write(1)
      await happenings.until(shippedUpTo(happenings, 6))
      expect(requests.slice(asked).filter((request) => request.startsWith('list'))).toEqual([])
      passed = 3_700_000
      log.write(1)
      await happenings.until(async () => (await backups()) === 1)
      log.write(1)
      await happenings.until(shippedUpTo(happenings, 8))
    },
    { before, clock },
  )
  expect(await planned(8)).toBe(8)
})

test('a database that vanishes keeps no other one from its backup', async () => {
  const store = { ...sampleStore, random: '55' }
  const other = SyntheticLog.create(log.dataDir, { database: 'vanishing', store }).write(3).checkpoint()
  const vanished = Promise.withResolvers<void>()
  const before = async (request: string): Promise<void> => {
    if (request.startsWith(`list archive/${rootLineage(log.store)}`)) await vanished.promise
  }
  const clock = { ...systemClock, sleep: async (_: number, signal?: AbortSignal) => systemClock.sleep(20, signal) }
  await serve(
    async (happenings) => {
      await happenings.until(() => happenings.events.some(({ kind, database }) => kind === 'begun' && database === 'vanishing'))
      rmSync(other.directory, { recursive: true })
      await happenings.until(() => happenings.warnings.length > 0)
      vanished.resolve()
      await happenings.until(async () => (await backups()) === 1)
    },
    { before, clock },
  )
  expect(await backups()).toBe(1)
})

test('what nobody has foreseen ends the service, once the backup that it takes has ended', async () => {
  const held = Promise.withResolvers<void>()
  let isHeld = false
  let hasThrown = false
  let isReleased = false
  const before = async (request: string): Promise<void> => {
    if (request.startsWith('put packs/')) {
      isHeld = true
      await held.promise
    } else if (isHeld && request.endsWith('.segment')) {
      hasThrown = true
      throw new Error('unforeseen')
    }
  }
  const serving = serve(
    async () => {
      try {
        await vi.waitUntil(() => isHeld, 30_000)
        log.write(1)
        await vi.waitUntil(() => hasThrown, 30_000)
        await delay(200)
        isReleased = true
      } finally {
        held.resolve()
      }
      await new Promise(() => {})
    },
    { before },
  )
  await expect(serving).rejects.toThrow('unforeseen')
  expect(isReleased).toBe(true)
})

test('a service that is told to end before it has begun ends', async () => {
  const ended = serve(async () => new Promise(() => {}), { signal: AbortSignal.abort() })
  await expect(ended).rejects.toThrow('the service ended by itself')
})
