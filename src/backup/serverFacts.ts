import { isDeepStrictEqual } from 'node:util'
import type { Graph, ServerInfo } from '../neo4j/graph.ts'
import { type GraphCounts, keptCounts } from '../neo4j/graphCounts.ts'
import { readSchema, type SchemaEntry } from '../neo4j/graphSchema.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'

/** What a server said about itself and its databases at one moment. */
export interface ServerFacts {
  server: ServerInfo
  databases: Map<string, { counts: GraphCounts; schema: SchemaEntry[]; lastTransaction: bigint | undefined }>
}

/**
 * Asks a server for its version, and for the schema and counts of the databases being backed up.
 * The `system` database has none to compare.
 */
export async function askServer(graph: Graph, databases: readonly string[]): Promise<ServerFacts> {
  const facts: ServerFacts = { server: await graph.serverInfo(), databases: new Map() }
  for (const database of databases.filter((name) => name !== 'system')) {
    const lastTransaction = await graph.lastCommittedTransaction(database)
    const counts = await keptCounts(graph, { database })
    facts.databases.set(database, { counts, schema: await readSchema(graph, { database }), lastTransaction })
  }
  return facts
}

/**
 * What a manifest may say of a database, from what the server said before and after its files were copied. Counts are called stable
 * only where nothing was committed in between; a schema that changed meanwhile is left out.
 */
export function recordedFacts(before: ServerFacts, after: ServerFacts, database: string, now: Date): ManifestDatabase['facts'] {
  const [first, last] = [before.databases.get(database), after.databases.get(database)]
  if (!first || !last) return undefined
  const sameSchema = isDeepStrictEqual(first.schema, last.schema)
  return {
    counts: plain(last.counts),
    schema: sameSchema ? plain(last.schema) : null,
    takenAt: now.toISOString(),
    stable: sameSchema && first.lastTransaction !== undefined && first.lastTransaction === last.lastTransaction,
  }
}

export function recordedServer(facts: ServerFacts | undefined): Pick<Manifest, 'server'> {
  return facts ? { server: facts.server } : {}
}

function plain(value: unknown): NonNullable<ManifestDatabase['facts']>['counts'] {
  return JSON.parse(JSON.stringify(value)) as NonNullable<ManifestDatabase['facts']>['counts']
}
