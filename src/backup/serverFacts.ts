import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import type { Graph, ServerInfo } from '../neo4j/graph.ts'
import { type GraphCounts, keptCounts } from '../neo4j/graphCounts.ts'
import { readSchema, type SchemaEntry } from '../neo4j/graphSchema.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'

/** What a server said about itself and its databases at one moment. */
export interface ServerFacts {
  server: ServerInfo
  /** Those of the databases asked for that the server has. */
  databases: Map<string, DatabaseFacts>
}

interface DatabaseFacts {
  /** When its store was made, in milliseconds since 1970: the store's own files say the same. */
  created: number
  lastTransaction: number
  /** Absent for `system`, which has none to compare. */
  content?: { counts: GraphCounts; schema: SchemaEntry[] }
}

/** What the manifest says of a copied database, as far as it tells one store from another. */
type Copied = Pick<ManifestDatabase, 'name' | 'storeId' | 'lastTransaction'>

/** Milliseconds that a server has to finish the transactions that its log held already. */
const patience = 10_000

/**
 * Asks a server for its version, and for the identity, schema and counts of the databases being backed up.
 * @throws HoldfastError `neo4j-unavailable` where it does not answer, `failed` where it refuses a query.
 */
export async function askServer(graph: Graph, databases: readonly string[]): Promise<ServerFacts> {
  const facts: ServerFacts = { server: await graph.serverInfo(), databases: new Map() }
  const present = await graph.databaseNames()
  for (const database of databases.filter((name) => present.includes(name))) {
    const lastTransaction = Number(await graph.lastCommittedTransaction(database))
    const created = await creationTime(graph, database)
    if (database === 'system') facts.databases.set(database, { created, lastTransaction })
    else {
      const counts = await keptCounts(graph, { database })
      facts.databases.set(database, {
        created,
        lastTransaction,
        content: { counts, schema: await readSchema(graph, { database }) },
      })
    }
  }
  return facts
}

/** What a manifest says on the word of the server. */
export interface ServerRecord {
  server: ServerInfo
  /** By database. */
  facts: Map<string, NonNullable<ManifestDatabase['facts']>>
}

/**
 * Asks a server again after the copy, and tells what a manifest may say on its word.
 * @throws HoldfastError as `askServer`, `refused` where it is not the server whose files were copied, `integrity` where these lack what
 * it had committed.
 */
export async function recordServer(
  graph: Graph,
  before: ServerFacts,
  copied: readonly Copied[],
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<ServerRecord> {
  await untilApplied(graph, copied, clock, signal)
  const after = await askServer(
    graph,
    copied.map(({ name }) => name),
  )
  requireSameServer(before, after, copied)
  const facts = copied.flatMap(({ name }) => {
    const recorded = recordedFacts(before.databases.get(name), after.databases.get(name), clock.now())
    return recorded ? [[name, recorded] as const] : []
  })
  return { server: after.server, facts: new Map(facts) }
}

/** Waits until a server has finished every copied transaction; its log holds a transaction a moment before its queries see it. */
async function untilApplied(graph: Graph, copied: readonly Copied[], clock: Clock, signal: AbortSignal): Promise<void> {
  const present = await graph.databaseNames()
  const deadline = clock.monotonic() + patience
  for (const { name, lastTransaction } of copied.filter((database) => present.includes(database.name)))
    while (Number(await graph.lastCommittedTransaction(name)) < lastTransaction.id && clock.monotonic() < deadline)
      await clock.sleep(100, signal)
}

/**
 * Makes sure that a server asked before and after the copy is the one whose files were copied, and no other that happens to answer:
 * its stores were made at the same moment, and the end of each copied log lies between what it had committed before and after.
 */
function requireSameServer(before: ServerFacts, after: ServerFacts, copied: readonly Copied[]): void {
  for (const { name, storeId, lastTransaction } of copied) {
    const [first, last] = [before.databases.get(name), after.databases.get(name)]
    if (!first || !last) continue
    const created = Number(storeId.creationTime)
    if (last.created !== created) {
      throw otherServer(`its database ${name} was made at ${moment(last.created)}, the one in the files at ${moment(created)}`)
    }
    if (first.lastTransaction > lastTransaction.id) throw logTooShort(name, first.lastTransaction, lastTransaction.id)
    if (last.lastTransaction < lastTransaction.id) {
      throw otherServer(
        `it was at transaction ${last.lastTransaction} of ${name} afterwards, the log ends with ${lastTransaction.id}`,
      )
    }
  }
}

/** Counts are called stable only where nothing was committed in between; a schema that changed meanwhile is left out. */
function recordedFacts(
  before: DatabaseFacts | undefined,
  after: DatabaseFacts | undefined,
  now: Date,
): ManifestDatabase['facts'] {
  if (!before?.content || !after?.content) return undefined
  const sameSchema = isDeepStrictEqual(before.content.schema, after.content.schema)
  return {
    counts: plain(after.content.counts),
    schema: sameSchema ? plain(after.content.schema) : null,
    takenAt: now.toISOString(),
    stable: sameSchema && before.lastTransaction === after.lastTransaction,
  }
}

async function creationTime(graph: Graph, database: string): Promise<number> {
  const [row] = await graph.query<{ creationDate: string }>('CALL db.info() YIELD creationDate', {}, { database })
  return Date.parse(row?.creationDate ?? '')
}

/** The same store, but its log lacks what was committed before the copy began: what was copied cannot be consistent. */
function logTooShort(database: string, committed: number, end: number): HoldfastError {
  return new HoldfastError(
    'integrity',
    `the server had committed transaction ${committed} of ${database} before the copy began, the log in the data directory ends with ${end}`,
    {
      hint:
        'does Neo4j keep its log elsewhere (server.directories.transaction.logs.root)? then that must be in the data directory. ' +
        'If another server answers at --uri that was made from a copy of this one, give the right --uri',
    },
  )
}

function otherServer(why: string): HoldfastError {
  return new HoldfastError('refused', `the server that answers is not the one whose files are backed up: ${why}`, {
    hint: 'point --uri to the server that uses the data directory',
  })
}

function moment(time: number): string {
  return Number.isNaN(time) ? 'an unknown moment' : new Date(time).toISOString()
}

function plain(value: unknown): NonNullable<ManifestDatabase['facts']>['counts'] {
  return JSON.parse(JSON.stringify(value)) as NonNullable<ManifestDatabase['facts']>['counts']
}
