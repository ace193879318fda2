import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { planPointInTime } from '../../src/recovery/pointInTimePlan.ts'
import { openRepository, type Repository } from '../../src/repository/repository.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { archiveAll, archived, backUpLogs, beginArchiver, newRepository } from '../support/archiving.ts'
import { TickingClock } from '../support/manualClock.ts'
import { metered } from '../support/meteredStorage.ts'
import { SyntheticLog } from '../support/syntheticLog.ts'

const parts = 60
const { signal } = new AbortController()

let folder: string
let storage: Storage
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-merge-'))
  storage = memoryStorage()
  repository = await newRepository({ storage, clock: new TickingClock() })
  log = SyntheticLog.create(join(folder, 'data')).write(1)
  await backUpLogs(repository, log)
  await shipParts(parts)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Archives so many transactions in a segment each. */
async function shipParts(count: number): Promise<void> {
  await using archiver = await beginArchiver(repository, log)
  for (let part = 0; part < count; part++) {
    log.write(1)
    await archiver.step()
  }
}

/** Merges until nothing is left to merge or to remove. */
async function tidyAll(on: Repository): Promise<void> {
  for (let before = ''; before !== (await archived(on)).join();) {
    before = (await archived(on)).join()
    await using archiver = await beginArchiver(on, log)
    archiver.tidy()
  }
}

const wanted = (): number[] => [2, 3, 17, parts, parts + 1, log.last.id]

/** Those of some transactions behind the backup that are planned for, all segments read and verified, as the ones that were logged. */
async function restorable(): Promise<number[]> {
  const found: number[] = []
  for (const id of wanted()) {
    const { replays } = await planPointInTime(repository, { point: { kind: 'transaction', id }, database: 'neo4j', signal })
    if (replays[0]!.to.id === id && replays[0]!.to.checksum === log.at(id).checksum) found.push(id)
  }
  return found
}

class Killed extends Error {}

/** The repository as a process sees it that is killed at its step `point` of writing. */
async function dyingAt(point: number): Promise<{ dying: Repository; died: () => boolean }> {
  let steps = 0
  let dead = false
  const step = (request: string): void => {
    if (dead) throw new Killed()
    if (!/^(put|delete) archive/.test(request)) return
    steps += 1
    dead = steps === point
    if (dead) throw new Killed()
  }
  return { dying: await openRepository(metered(storage, step, step)), died: () => dead }
}

describe('[archive.merge] wherever a merge is killed, all stays restorable and the next one ends it', () => {
  /** A put and one delete for each part, with a moment before and one behind each. */
  const steps = 2 * (parts + 1)
  test.each([1, 2, 3, 4, 5, 20, 61, 100, steps - 1, steps])('at step %i', async (point) => {
    const { dying, died } = await dyingAt(point)
    const archiver = await beginArchiver(dying, log)
    archiver.tidy()
    await archiver[Symbol.asyncDispose]()
    expect(died()).toBe(true)
    expect(await restorable()).toEqual(wanted())
    await archiveAll(repository, log)
    expect(await restorable()).toEqual(wanted())
    for (let next = 0; next <= parts; next++) {
      await using again = await beginArchiver(repository, log)
      again.tidy()
    }
    expect(await archived(repository)).toEqual([`3-${parts + 2}`])
    expect(await restorable()).toEqual(wanted())
  })

  test('there are no more steps than these', async () => {
    const { dying, died } = await dyingAt(steps + 1)
    await tidyAll(dying)
    expect(died()).toBe(false)
    expect(await archived(repository)).toEqual([`3-${parts + 2}`])
  })
})

test('[archive.merge] nothing is removed where the merged segment cannot be read back', async () => {
  const before = await archived(repository)
  const spoiling: Storage = {
    ...storage,
    put: async (name, body, options) => {
      const chunks = await Array.fromAsync(body instanceof Uint8Array ? [body] : body)
      const bytes = Buffer.concat(chunks)
      bytes[bytes.length - 1]! ^= 1
      await storage.put(name, bytes, options)
    },
  }
  const archiver = await beginArchiver(await openRepository(spoiling), log)
  archiver.tidy()
  await archiver[Symbol.asyncDispose]()
  expect(await archived(repository)).toEqual(expect.arrayContaining(before))
})

test('[archive.merge] nothing is removed where a part is damaged, and shipping goes on', async () => {
  const before = await archived(repository)
  const damaged = (await Array.fromAsync(storage.list('archive/'))).find(({ name }) => name.includes('0000000000000020-'))!
  await storage.delete(damaged.name)
  await storage.put(damaged.name, Buffer.from('nonsense'))
  await using archiver = await beginArchiver(repository, log)
  archiver.tidy()
  log.write(1)
  expect(await archiver.step()).toBe(true)
  expect(await archived(repository)).toEqual([...before, `${log.last.id}-${log.last.id}`])
})

test('[archive.merge] two archivers that ship and merge at once lose nothing', async () => {
  const archivers = await Promise.all([beginArchiver(repository, log), beginArchiver(repository, log)])
  for (let round = 0; round < parts; round++) {
    log.write(1)
    await Promise.all(archivers.map(async (archiver) => archiver.step()))
    if (round % 3 === 0) log.write(1)
    await archivers[round % 2]!.step()
    for (const archiver of archivers) archiver.tidy()
  }
  for (const archiver of archivers) await archiver[Symbol.asyncDispose]()
  await archiveAll(repository, log)
  expect(await restorable()).toEqual(wanted())
  for (let next = 0; next < 3 * parts; next++) {
    await using again = await beginArchiver(repository, log)
    again.tidy()
  }
  expect(await restorable()).toEqual(wanted())
})
