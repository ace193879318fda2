import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { endsOfPlan, tx } from '../../support/planning.ts'
import { type Happenings, serveArchive, type ServeOptions, shippedUpTo, writeStore } from '../../support/servingArchive.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
let storage: Storage
let repository: Repository
/** Archived to 8 and 5; restored to 6 and 4. */
let restored: SyntheticLog
let system: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-gone-back-'))
  storage = memoryStorage()
  repository = await newRepository({ storage })
  const dataDir = join(folder, 'data')
  const log = SyntheticLog.create(dataDir).write(3).checkpoint()
  const users = SyntheticLog.create(dataDir, { database: 'system', store: { ...sampleStore, random: '55' } })
    .write(2)
    .checkpoint()
  await backUpLogs(repository, log, users)
  await archiveAll(repository, log.write(4))
  await archiveAll(repository, users.write(2))
  restored = log.copyUpTo(6, join(folder, 'restored'))
  system = users.copyUpTo(4, join(folder, 'restored'))
  for (const each of [restored, system]) writeStore(each)
})
afterEach(() => rmSync(folder, { recursive: true }))

const serve = async (during: (happenings: Happenings) => Promise<void>, options: ServeOptions = {}): Promise<void> =>
  serveArchive({ storage, dataDir: restored.dataDir }, during, options)
const manifests = async (): Promise<Manifest[]> => (await repository.listBackups()).map(({ manifest }) => manifest!)
const ends = ({ databases }: Manifest): string[] =>
  databases.map(({ name, lastTransaction: { id } }) => `${name} ${id}`).toSorted()
const backedUp = (count: number) => async (): Promise<boolean> => (await manifests()).length === count

/** Runs the service until it was looked for a backup of both databases, and a moment in which one would be begun. */
async function start(): Promise<void> {
  const requests: string[] = []
  const before = (request: string): void => void requests.push(request)
  const looks = (): number => requests.filter((request) => request.startsWith('list damaged')).length
  await serve(
    async () => {
      await vi.waitUntil(() => looks() >= 2, 10_000)
      await delay(100)
    },
    { before },
  )
}

describe('[archive.lineages] a server that was restored to an earlier point is backed up by itself', () => {
  test('as soon as archiving begins, and not at any later start while it is idle', async () => {
    await serve(async (happenings) => {
      await happenings.until(backedUp(2))
      expect(happenings.warnings).toEqual([expect.stringMatching(/(neo4j|system) has left what was archived behind/)])
    })
    expect(ends((await manifests()).at(-1)!)).toEqual(['neo4j 6', 'system 4'])
    await start()
    await start()
    expect(await manifests()).toHaveLength(2)
  })

  test('though it writes at once, and once only', async () => {
    restored.write(2, { body: 'restored' })
    await serve(async (happenings) => {
      await happenings.until(shippedUpTo(happenings, 8))
      await happenings.until(backedUp(2))
      restored.write(1)
      await happenings.until(shippedUpTo(happenings, 9))
    })
    await start()
    expect(await manifests()).toHaveLength(2)
    expect(await endsOfPlan(repository, tx(9))).toEqual([8, 9])
  })

  test('where only its users are of an earlier point', async () => {
    restored.write(2)
    await serve(async (happenings) => happenings.until(backedUp(2)))
    await serve(async (happenings) => {
      restored.write(1, { body: 'after' })
      await happenings.until(shippedUpTo(happenings, 9))
    })
    expect(await manifests()).toHaveLength(2)
    expect(ends((await manifests()).at(-1)!)).toEqual(['neo4j 8', 'system 4'])
  })

  describe('once more where the backup was begun soon after what was undone, so that no clock shows that it was', () => {
    let now: number
    /** Whoever sleeps for over a minute waits for this, and then it is later. */
    let aMinuteLater: Promise<void>
    const clock = {
      ...systemClock,
      now: () => new Date(now),
      sleep: async (milliseconds: number, signal?: AbortSignal) => {
        await systemClock.sleep(Math.min(milliseconds, 100), signal)
        if (milliseconds <= 60_000) return
        await aMinuteLater
        now += milliseconds
      },
    }
    let log: SyntheticLog
    beforeEach(async () => {
      storage = memoryStorage()
      now = firstCommit + 8000
      aMinuteLater = Promise.resolve()
      repository = await newRepository({ storage, clock })
      log = SyntheticLog.create(join(folder, 'soon')).write(3).checkpoint()
      await backUpLogs(repository, log)
      await archiveAll(repository, log.write(4))
      restored = log.copyUpTo(6, join(folder, 'soon restored'))
      writeStore(restored)
      now += 4000
    })

    test('a minute later', async () => {
      await serve(async (happenings) => happenings.until(backedUp(3)), { clock })
      const [, early, late] = await manifests()
      expect([early, late].map((manifest) => ends(manifest!))).toEqual([['neo4j 6'], ['neo4j 6']])
      expect(Date.parse(late!.timing.started) - Date.parse(early!.timing.started)).toBeGreaterThan(60_000)
      await expect(endsOfPlan(repository, { kind: 'latest' })).rejects.toMatchObject({ code: 'refused' })
      await serve(async () => delay(500), { clock })
      expect(await manifests()).toHaveLength(3)
    })

    test('unless it has written meanwhile, which tells it', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      aMinuteLater = promise
      const body = { body: 'restored', commitTime: now }
      await serve(
        async (happenings) => {
          await happenings.until(backedUp(2))
          restored.write(1, body)
          await happenings.until(shippedUpTo(happenings, 7))
          resolve()
          await delay(500)
          expect(happenings.warnings).toHaveLength(1)
        },
        { clock },
      )
      expect(await manifests()).toHaveLength(2)
    })

    test('and not for as long as another server goes on in what this one left', async () => {
      const other = log.copyUpTo(8, join(folder, 'other'))
      await serve(
        async (happenings) => {
          for (const count of [2, 3]) {
            await happenings.until(backedUp(count))
            await archiveAll(repository, other.write(1, { body: 'other', commitTime: now }))
          }
          await delay(500)
          expect(happenings.warnings).toHaveLength(2)
        },
        { clock },
      )
      expect(await manifests()).toHaveLength(3)
    })
  })

  test('but not where that is not wanted', async () => {
    await serve(
      async (happenings) => {
        restored.write(1, { body: 'restored' })
        await happenings.until(shippedUpTo(happenings, 7))
      },
      { takeBases: false },
    )
    expect(await manifests()).toHaveLength(1)
    expect(await endsOfPlan(repository, tx(7))).toEqual([4, 7])
  })
})
