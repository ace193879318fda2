import { HoldfastError } from '../core/errors.ts'
import { databasesSoFar } from '../neo4j/dataDirectory.ts'
import { dataFileFailure } from '../neo4j/dataFileFailure.ts'
import type { ArchiverOptions } from './databaseArchiver.ts'

/** Milliseconds between two looks for databases. */
const lookEvery = 5000

/**
 * The databases of a data directory, and from then on each that appears there, until the signal is aborted: a server that is started for
 * the first time makes them one after the other. A look reads a few folders.
 * @throws HoldfastError `neo4j-unavailable` where it is no data directory to begin with.
 */
export async function* appearingDatabases({ dataDir, clock, listener, signal }: ArchiverOptions): AsyncGenerator<string> {
  const known = new Set(await databasesSoFar(dataDir))
  yield* known
  let told: string | undefined
  const wait = (reason: string, hint: string | undefined): void => {
    if (reason !== told) listener({ kind: 'waiting', reason, hint })
    told = reason
  }
  for (;;) {
    if (known.size === 0)
      wait(`no database in ${dataDir} yet`, 'archiving begins when Neo4j has made one; is it the directory it uses?')
    await clock.sleep(lookEvery, signal).catch(() => {})
    if (signal.aborted) return
    try {
      for (const database of await databasesSoFar(dataDir)) {
        if (known.has(database)) continue
        known.add(database)
        listener({ database, kind: 'appeared' })
        yield database
      }
      if (known.size > 0) told = undefined
    } catch (caught) {
      const error = dataFileFailure(caught, dataDir)
      if (!(error instanceof HoldfastError)) throw error
      wait(error.message, error.hint)
    }
  }
}
