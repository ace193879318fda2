import { isDeepStrictEqual } from 'node:util'
import type { Graph } from '../neo4j/graph.ts'
import { type GraphCounts, isolatedNodes, joinedRelationships, keptCounts, scannedCounts } from '../neo4j/graphCounts.ts'
import { readSchema, type SchemaEntry } from '../neo4j/graphSchema.ts'
import { settledIndexes } from '../neo4j/settledIndexes.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'

/** One thing that was looked at in a restored database. */
export interface Check {
  database: string
  /** Such as `last transaction`. */
  name: string
  passed: boolean
  /** What was found, and what was expected where that differs. */
  detail: string
}

/** A full scan of a large graph takes long; an hour is no longer a scan but something stuck. */
const scanTimeout = 3_600_000

/**
 * Checks a restored database over Bolt: its indexes come online but for those that wait for a constraint, its schema is the one the backup recorded,
 * and what its count store says agrees with what is read.
 */
export async function checkGraph(graph: Graph, recorded: ManifestDatabase): Promise<Check[]> {
  const database = recorded.name
  const options = { database, timeout: scanTimeout }
  const lacking = await settledIndexes(graph, options)
  const schema = await readSchema(graph, options)
  const kept = await keptCounts(graph, options)
  const scanned = await scannedCounts(graph, options)
  const joined = await joinedRelationships(graph, options)
  const isolated = await isolatedNodes(graph, options)
  const checks = [
    indexesOnline(schema, lacking),
    schemaAsRecorded(schema, recorded),
    countsAgree(kept, scanned),
    countsAsRecorded(kept, recorded),
    {
      name: 'orphans',
      passed: joined === scanned.relationships,
      detail: `${joined} of ${scanned.relationships} relationships join two nodes that exist; ${isolated} nodes have none`,
    },
  ]
  return checks.filter((check) => check !== undefined).map((check) => ({ database, ...check }))
}

type Finding = Omit<Check, 'database'>

/** @param lacking indexes without the constraint that they were made for, which are restored as they were */
function indexesOnline(schema: SchemaEntry[], lacking: readonly string[]): Finding {
  const indexes = schema.filter(({ kind, name }) => kind === 'index' && !lacking.includes(name))
  const waiting = indexes.filter(({ state }) => state !== 'ONLINE')
  const names = waiting.map(({ name, state }) => `${name} is ${state}`).join(', ')
  const without = lacking.map(
    (name) => `; ${name} waits for a constraint that was not made any more: drop it, and make the constraint again`,
  )
  return {
    name: 'indexes',
    passed: waiting.length === 0,
    detail: (waiting.length === 0 ? `${indexes.length} online` : names) + without.join(''),
  }
}

function schemaAsRecorded(schema: SchemaEntry[], { facts }: ManifestDatabase): Finding | undefined {
  if (!Array.isArray(facts?.schema)) return undefined
  const [expected, found] = [comparable(facts.schema as unknown as SchemaEntry[]), comparable(schema)]
  const missing = [...expected].filter(([name, entry]) => !isDeepStrictEqual(found.get(name), entry)).map(([name]) => name)
  const extra = [...found.keys()].filter((name) => !expected.has(name))
  return {
    name: 'schema',
    passed: missing.length === 0 && extra.length === 0,
    detail:
      missing.length + extra.length === 0
        ? `${found.size} indexes and constraints as recorded`
        : `missing or different: ${missing.join(', ') || 'none'}; not expected: ${extra.join(', ') || 'none'}`,
  }
}

/** The state of an index says how far it is, not what it is. */
function comparable(schema: SchemaEntry[]): Map<string, unknown> {
  return new Map(
    schema.map(({ state: _state, ...entry }): [string, unknown] => [
      `${entry.kind} ${entry.name}`,
      JSON.parse(JSON.stringify(entry)) as unknown,
    ]),
  )
}

function countsAgree(kept: GraphCounts, scanned: GraphCounts): Finding {
  return {
    name: 'counts',
    passed: isDeepStrictEqual(kept, scanned),
    detail: isDeepStrictEqual(kept, scanned)
      ? `${kept.nodes} nodes, ${kept.relationships} relationships`
      : `the count store says ${JSON.stringify(kept)}, a scan finds ${JSON.stringify(scanned)}`,
  }
}

/** The recorded counts belong to the backup's last transaction only if nothing was committed while it was made. */
function countsAsRecorded(kept: GraphCounts, { facts }: ManifestDatabase): Finding | undefined {
  if (facts?.stable !== true) return undefined
  const recorded = facts.counts as unknown as GraphCounts
  return {
    name: 'recorded counts',
    passed: isDeepStrictEqual(kept, recorded),
    detail: `recorded ${recorded.nodes} nodes, ${recorded.relationships} relationships; found ${kept.nodes}, ${kept.relationships}`,
  }
}
