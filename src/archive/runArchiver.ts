import { HoldfastError } from '../core/errors.ts'
import { dataFileFailure } from '../neo4j/dataFileFailure.ts'
import { LogGapError, LogReplacedError } from '../neo4j/logFollower.ts'
import { appearingDatabases } from './appearingDatabases.ts'
import { type ArchiverOptions, DatabaseArchiver } from './databaseArchiver.ts'
import { HeadroomWatch } from './headroomWatch.ts'
import { DescriptionGoneError } from './tidying.ts'

/** Milliseconds between two attempts after a failure, doubled from the first to the second. */
const backoff = { first: 500, longest: 30_000 }

/** How often in an interval is looked for something new. */
const looksPerInterval = 4

/**
 * Archives the logs of all databases of a data directory, also of those that appear there later, until the signal is aborted. What fails is
 * tried again, for ever: nothing is lost while Neo4j keeps its log.
 * @throws HoldfastError `neo4j-unavailable` where it is no data directory.
 */
export async function runArchiver(options: ArchiverOptions): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const { promise: broken, reject } = Promise.withResolvers<never>()
  const running: Promise<void>[] = []
  const archiveAll = async (): Promise<void> => {
    for await (const database of appearingDatabases({ ...options, signal })) {
      const watch = new HeadroomWatch(database, { ...options, signal })
      for (const work of [ship(database, { ...options, signal }, watch), watch.run()]) {
        work.catch(reject)
        running.push(work)
      }
    }
    await Promise.all(running)
  }
  const archiving = archiveAll()
  try {
    await Promise.race([archiving, broken])
  } finally {
    ended.abort()
    // No merge and no upload goes on behind the back of whoever waits.
    await Promise.allSettled([archiving])
    await Promise.allSettled(running)
  }
}

/** Errors of an archiver in whose place a new one goes on at once. */
const movedBy = [LogReplacedError, LogGapError, DescriptionGoneError]

async function ship(database: string, options: ArchiverOptions, watch: HeadroomWatch): Promise<void> {
  const { clock, listener, signal, interval } = options
  const pause = Math.max(10, interval / looksPerInterval)
  let retryIn = 0
  /** Why the place was looked for anew, while nothing has gone well since. */
  let moved: string | undefined
  while (!signal.aborted) {
    try {
      await using archiver = await DatabaseArchiver.begin(database, options)
      watch.follow(archiver)
      while (!signal.aborted) {
        const shipped = await archiver.step()
        archiver.tidy()
        if (retryIn > 0) listener({ database, kind: 'recovered' })
        retryIn = 0
        moved = undefined
        if (shipped) continue
        watch.noteUpToDate()
        await clock.sleep(pause, signal)
      }
    } catch (caught) {
      if (signal.aborted) return
      const error = dataFileFailure(caught, options.dataDir)
      // The log is another one, or the lineage is not described any more: the next archiver finds out where to go on.
      if (error instanceof HoldfastError && movedBy.some((kind) => error instanceof kind) && error.message !== moved) {
        moved = error.message
        continue
      }
      if (!(error instanceof HoldfastError)) throw error
      retryIn = Math.min(backoff.longest, Math.max(backoff.first, retryIn * 2))
      listener({ database, kind: 'failed', error, retryIn })
      await clock.sleep(retryIn * (0.75 + Math.random() / 2), signal).catch(() => {})
    }
  }
}
