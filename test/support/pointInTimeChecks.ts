import { expect } from 'vitest'
import { logDirectory } from '../../src/neo4j/dataDirectory.ts'
import { liveTransactions } from '../../src/neo4j/liveLog.ts'
import type { Repository } from '../../src/repository/repository.ts'
import type { Transaction } from '../../src/txlog/transaction.ts'
import { keyOf, type Note } from './markerClients.ts'

/** All transactions of a database's log in a data directory, by the project's own reader. */
export async function loggedIn(dataDir: string, database = 'neo4j'): Promise<Transaction[]> {
  const found: Transaction[] = []
  for await (const { transactions } of liveTransactions(logDirectory(dataDir, database), 0)) found.push(...transactions)
  return found
}

/** All archived transactions of a lineage by id, every segment read and verified. */
export async function archivedIn({ archive }: Repository, lineage: string): Promise<Map<number, Transaction>> {
  const found = new Map<number, Transaction>()
  for (const segment of (await archive.list()).segments) {
    if (segment.lineage !== lineage) continue
    await archive.verify(segment, { onTransaction: (transaction) => void found.set(transaction.id, transaction) })
  }
  return found
}

/** What of a log an archive lacks, or has otherwise, from the first transaction archived on; one sentence each. */
export function differences(log: readonly Transaction[], archived: ReadonlyMap<number, Transaction>): string[] {
  const first = Math.min(...archived.keys())
  return log
    .filter(({ id, checksum }) => id >= first && archived.get(id)?.checksum !== checksum)
    .map(({ id, checksum }) => `transaction ${id} with ${checksum}: archived ${archived.get(id)?.checksum ?? 'not at all'}`)
}

/** The archive of a lineage must be the log as it is in a data directory. @returns the log */
export async function expectArchived(
  repository: Repository,
  lineage: string,
  dataDir: string,
  database = 'neo4j',
): Promise<Transaction[]> {
  const archived = await archivedIn(repository, lineage)
  const log = (await loggedIn(dataDir, database)).filter(({ id }) => id <= Math.max(...archived.keys()))
  expect(differences(log, archived)).toEqual([])
  expect((await repository.archive.list()).gaps).toEqual([])
  return log
}

/**
 * What a restore to a moment promises, broken, judged by the last transaction that was restored: each marker that was acknowledged
 * up to the moment belongs to a transaction up to it, each one that was sent later to one behind it.
 */
export function brokenPromises(notes: readonly Note[], time: number, last: number): string[] {
  return notes.flatMap(({ client, number, sent, acknowledged, transaction }) => {
    if (transaction === undefined || acknowledged === undefined) return []
    const name = `marker ${keyOf({ client, number })} of transaction ${transaction}, sent ${sent}, acknowledged ${acknowledged}`
    if (acknowledged <= time && transaction > last) return [`missing at ${time} with last transaction ${last}: ${name}`]
    if (sent > time && transaction <= last) return [`too much at ${time} with last transaction ${last}: ${name}`]
    return []
  })
}

/** The same of the markers that a database holds; those that were under way at the moment, or have no answer, may be there. */
export function wrongMarkers(notes: readonly Note[], time: number, present: ReadonlySet<string>): string[] {
  const missing = notes.filter((note) => (note.acknowledged ?? Infinity) <= time && !present.has(keyOf(note)))
  const early = notes.filter((note) => note.sent > time && present.has(keyOf(note)))
  const known = new Set(notes.map(keyOf))
  return [
    ...missing.map((note) => `${keyOf(note)}, acknowledged ${note.acknowledged}, is not there at ${time}`),
    ...early.map((note) => `${keyOf(note)}, sent ${note.sent}, is there at ${time}`),
    ...[...present].filter((key) => !known.has(key)).map((key) => `${key} does not belong there`),
  ]
}

/** The markers that a database lacks though it holds their transactions. */
export function missingMarkers(notes: readonly Note[], last: number, present: ReadonlySet<string>): string[] {
  const missing = notes.filter((note) => (note.transaction ?? Infinity) <= last && !present.has(keyOf(note)))
  return missing.map((note) => `${keyOf(note)} of transaction ${note.transaction} is not there, up to ${last}`)
}

/** Whether a log that was restored to a moment ends, as one that was written says, before the first transaction committed later. */
export function wrongEnd(written: readonly Transaction[], moment: number, restored: readonly Transaction[]): string[] {
  const later = written.findIndex(({ commitTime }) => commitTime > moment)
  const expected = (later === -1 ? written : written.slice(0, later)).at(-1)!
  const { id, checksum } = restored.at(-1)!
  if (id === expected.id && checksum === expected.checksum) return []
  return [`expected transaction ${expected.id} of ${expected.commitTime} at ${moment}, found ${id}`]
}
