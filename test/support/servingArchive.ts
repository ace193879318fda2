import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ArchiveEvent } from '../../src/archive/archiveEvent.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { openRepository } from '../../src/repository/repository.ts'
import { runArchiveService } from '../../src/service/archiveService.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { metered } from './meteredStorage.ts'
import type { SyntheticLog } from './syntheticLog.ts'

/** As much of a store as a backup asks for. */
export function writeStore({ dataDir, database }: SyntheticLog): void {
  for (const name of ['neostore', 'neostore.nodestore.db']) writeFileSync(join(dataDir, 'databases', database, name), 'a store')
}

/** Waits for something that comes about when an event is told or an object stored. */
export class Happenings {
  readonly events: ArchiveEvent[] = []
  readonly warnings: string[] = []
  #waiting: (() => void)[] = []

  tell(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      if (await holds()) return
      await promise
    }
  }
}

export interface ServeOptions {
  takeBases?: boolean
  /** Bytes a second. */
  maxRate?: number
  before?: (request: string) => void | Promise<void>
  signal?: AbortSignal
  clock?: Clock
}

/** Runs the service on a data directory while `during` does; it must not fail. */
export async function serveArchive(
  { storage, dataDir }: { storage: Storage; dataDir: string },
  during: (happenings: Happenings) => Promise<void>,
  { takeBases = true, maxRate, before = () => {}, clock = systemClock, signal }: ServeOptions = {},
): Promise<void> {
  const happenings = new Happenings()
  const tell = (): void => happenings.tell()
  const observed = await openRepository(metered(storage, before, tell), { clock })
  const ending = new AbortController()
  const service = runArchiveService({
    repository: observed,
    dataDir,
    interval: 40,
    retention: { size: null, time: null },
    headroomAlert: 0,
    takeBases,
    maxRate,
    graph: async () => Promise.resolve(undefined),
    clock,
    signal: signal ?? ending.signal,
    warn: (message) => {
      happenings.warnings.push(message)
      tell()
    },
    listener: (event) => {
      happenings.events.push(event)
      tell()
    },
  })
  try {
    await Promise.race([during(happenings), service.then(() => Promise.reject(new Error('the service ended by itself')))])
  } finally {
    ending.abort()
    await service
  }
}

/** Whether a transaction was shipped as the last one of a segment. */
export const shippedUpTo =
  ({ events }: Happenings, id: number) =>
  (): boolean =>
    events.some((event) => event.kind === 'shipped' && event.segment.last === id)
