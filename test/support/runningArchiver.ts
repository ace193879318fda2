import type { ArchiveEvent } from '../../src/archive/archiveEvent.ts'
import type { ArchiverOptions } from '../../src/archive/databaseArchiver.ts'
import { runArchiver } from '../../src/archive/runArchiver.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { ManualClock } from './manualClock.ts'
import type { SyntheticLog } from './syntheticLog.ts'

/** An archiver that runs in time that passes only when the test says so. */
export interface Running extends AsyncDisposable {
  clock: ManualClock
  events: ArchiveEvent[]
  kinds: () => string[]
  /** Lets time pass until something holds; files are read in real time, so it passes slowly. */
  until: (holds: () => boolean) => Promise<void>
}

interface RunOptions extends Partial<Pick<ArchiverOptions, 'retention' | 'headroomAlert'>> {
  clock?: ManualClock
}

/** Archives the synthetic logs of a data directory, looking every quarter of a second. */
export function runInTime(
  repository: Repository,
  log: Pick<SyntheticLog, 'dataDir'>,
  { clock = new ManualClock(), retention = { size: null, time: null }, headroomAlert = 0 }: RunOptions = {},
): Running {
  const events: ArchiveEvent[] = []
  const ending = new AbortController()
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {})
  const listener = (event: ArchiveEvent): void => void events.push(event)
  const options = {
    repository,
    dataDir: log.dataDir,
    interval: 1000,
    retention,
    headroomAlert,
    clock,
    listener,
    signal: ending.signal,
  }
  const ended = runArchiver(options).catch(reject)
  return {
    clock,
    events,
    kinds: () => events.map(({ kind }) => kind),
    until: async (holds) => {
      while (!holds()) await Promise.race([clock.advance(250), failed])
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort()
      await ended
    },
  }
}
