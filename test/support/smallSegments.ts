import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { planPointInTime } from '../../src/recovery/pointInTimePlan.ts'
import { openRepository, type Repository } from '../../src/repository/repository.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { archiveAll, archived, backUpLogs, beginArchiver, newRepository } from './archiving.ts'
import { TickingClock } from './manualClock.ts'
import { metered } from './meteredStorage.ts'
import { SyntheticLog } from './syntheticLog.ts'

const parts = 60
const { signal } = new AbortController()

/** A put and one delete for each part, with a moment before and one behind each. */
export const mergeSteps = 2 * (parts + 1)

class Killed extends Error {}

/** An archive of as many small segments as are merged at once, in any storage. */
export class SmallSegments implements Disposable {
  readonly repository: Repository
  readonly log: SyntheticLog
  readonly #storage: Storage
  readonly #folder: string

  private constructor(storage: Storage, repository: Repository) {
    this.#storage = storage
    this.repository = repository
    this.#folder = mkdtempSync(join(tmpdir(), 'holdfast-merge-'))
    this.log = SyntheticLog.create(join(this.#folder, 'data')).write(1)
  }

  static async create(storage: Storage): Promise<SmallSegments> {
    const made = new SmallSegments(storage, await newRepository({ storage, clock: new TickingClock() }))
    const { log, repository } = made
    await backUpLogs(repository, log)
    await using archiver = await beginArchiver(repository, log)
    for (let part = 0; part < parts; part++) {
      log.write(1)
      await archiver.step()
    }
    return made
  }

  /** Those of some transactions behind the backup that are planned for as the ones that were logged, all segments read and verified. */
  async restorable(): Promise<number[]> {
    const found: number[] = []
    for (const id of this.wanted) {
      const point = { kind: 'transaction', id } as const
      const { replays } = await planPointInTime(this.repository, { point, database: 'neo4j', signal })
      if (replays[0]!.to.id === id && replays[0]!.to.checksum === this.log.at(id).checksum) found.push(id)
    }
    return found
  }

  get wanted(): number[] {
    return [2, 3, 17, parts, parts + 1, this.log.last.id]
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }

  /** Merges as a process does that is killed at its step `point` of writing. @returns whether it came to that */
  async mergeUntil(point: number): Promise<boolean> {
    let steps = 0
    let dead = false
    const step = (request: string): void => {
      if (dead) throw new Killed()
      if (!/^(put|delete) archive/.test(request)) return
      steps += 1
      dead = steps === point
      if (dead) throw new Killed()
    }
    const archiver = await beginArchiver(await openRepository(metered(this.#storage, step, step)), this.log)
    archiver.tidy()
    await archiver[Symbol.asyncDispose]()
    return dead
  }

  /** Merges until nothing is left to merge or to remove. */
  async tidyAll(): Promise<void> {
    const { repository, log } = this
    for (let before = ''; before !== (await archived(repository)).join();) {
      before = (await archived(repository)).join()
      await using archiver = await beginArchiver(repository, log)
      archiver.tidy()
    }
  }
}

/** A merge is killed at a step of its writing: all stays restorable, and the next one ends it. */
export async function expectMergedThroughKill(small: SmallSegments, point: number): Promise<void> {
  const { log, repository, wanted } = small
  expect(await small.mergeUntil(point)).toBe(true)
  expect(await small.restorable()).toEqual(wanted)
  await archiveAll(repository, log)
  expect(await small.restorable()).toEqual(wanted)
  await small.tidyAll()
  expect(await archived(repository)).toEqual([`3-${parts + 2}`])
  expect(await small.restorable()).toEqual(wanted)
}

/** A merge comes to its end where it is to be killed at a later step than it has. */
export async function expectNoMoreSteps(small: SmallSegments): Promise<void> {
  expect(await small.mergeUntil(mergeSteps + 1)).toBe(false)
  expect(await archived(small.repository)).toEqual([`3-${parts + 2}`])
}

/** Two archivers ship and merge the same log at once. */
export async function expectTwoArchiversLoseNothing(small: SmallSegments): Promise<void> {
  const { log, repository } = small
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
  expect(await small.restorable()).toEqual(small.wanted)
  await small.tidyAll()
  expect(await small.restorable()).toEqual(small.wanted)
}
