import { HoldfastError } from '../core/errors.ts'
import type { Graph } from '../neo4j/graph.ts'
import { keptCounts } from '../neo4j/graphCounts.ts'

/** Milliseconds that a query may take. */
const timeout = 600_000

/** What a query found. */
export interface Smoke {
  /** Undefined for the counts that are asked unless told otherwise. */
  query: string | undefined
  /** Its first row, or the counts. */
  found: Readonly<Record<string, unknown>> | undefined
  /** Undefined where nothing was expected. */
  asExpected: boolean | undefined
  detail: string
}

/** A query of the user's, and what its first value must be, as text. */
export interface SmokeRequest {
  query: string | undefined
  expect: string | undefined
}

/**
 * Asks a database a question, only reading.
 * @throws HoldfastError `usage` for a query that Neo4j does not understand or that would write, whatever the database holds.
 */
export async function smokeQuery(graph: Graph, database: string, { query, expect }: SmokeRequest): Promise<Smoke> {
  if (query === undefined) return counts(graph, database)
  const answer = await ask(graph, query, database)
  if ('failure' in answer) return { query, found: undefined, asExpected: false, detail: answer.failure }
  const found = answer.row && plain(answer.row)
  const value = found === undefined ? 'no row' : shown(Object.values(found)[0])
  if (expect === undefined) return { query, found, asExpected: undefined, detail: `found ${value}` }
  return { query, found, asExpected: found !== undefined && value === expect, detail: `expected ${expect}, found ${value}` }
}

async function counts(graph: Graph, database: string): Promise<Smoke> {
  const none = { query: undefined, asExpected: undefined }
  if (database === 'system') {
    const names = await graph.databaseNames()
    return { ...none, found: { databases: names.length }, detail: `found the databases ${names.join(', ')}` }
  }
  const { nodes, relationships } = await keptCounts(graph, { database, timeout })
  return { ...none, found: { nodes, relationships }, detail: `found ${nodes} nodes and ${relationships} relationships` }
}

/** Errors that do not depend on what a database holds. */
const mistakes =
  /^Neo\.ClientError\.(Statement\.(SyntaxError|SemanticError|AccessMode|ParameterMissing|NotSystemDatabaseError)|Procedure\.)/

type Answer = { row: Record<string, unknown> | undefined } | { failure: string }

async function ask(graph: Graph, query: string, database: string): Promise<Answer> {
  try {
    const [row] = await graph.query(query, {}, { database, timeout })
    return { row }
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'failed') throw error
    const { cause, message } = error
    if (!(cause instanceof Error && 'code' in cause && mistakes.test(String(cause.code)))) return { failure: message }
    throw new HoldfastError('usage', `Neo4j does not take the query of --query: ${cause.message}`, {
      hint: 'correct it; it may only read. Nothing is said about the backup',
      cause,
    })
  }
}

/** A row as JSON can hold it: whole numbers too large for it as text. */
function plain(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const whole = (value: bigint): unknown => (Number.isSafeInteger(Number(value)) ? Number(value) : value.toString())
  const text = JSON.stringify(row, (_, part: unknown) => (typeof part === 'bigint' ? whole(part) : part))
  return JSON.parse(text) as Record<string, unknown>
}

/** Text as it is, everything else as JSON. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
