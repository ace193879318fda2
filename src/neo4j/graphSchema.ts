import type { Graph, QueryOptions } from './graph.ts'

/** An index or a constraint, comparable between servers of the same version. */
export interface SchemaEntry {
  kind: 'index' | 'constraint'
  name: string
  /** Such as `RANGE`, `UNIQUENESS`. */
  type: string
  /** `NODE` or `RELATIONSHIP`. */
  entity: string
  labelsOrTypes: string[]
  properties: string[]
  /** `ONLINE`, `POPULATING` or `FAILED` for an index. */
  state?: string
  /** Options of an index, such as the dimensions of a vector index. */
  options?: unknown
}

interface Row extends Record<string, unknown> {
  name: string
  type: string
  entity: string
  labels: string[] | null
  properties: string[] | null
}

/** All indexes and constraints of a database, sorted by kind and name. */
export async function readSchema(graph: Graph, queryOptions: QueryOptions = {}): Promise<SchemaEntry[]> {
  const columns = 'name, type, entityType AS entity, labelsOrTypes AS labels, properties'
  const indexes = await graph.query<Row & { state: string; options: unknown }>(
    `SHOW INDEXES YIELD ${columns}, state, options`,
    {},
    queryOptions,
  )
  const constraints = await graph.query<Row>(`SHOW CONSTRAINTS YIELD ${columns}`, {}, queryOptions)
  return [
    ...constraints.toSorted(byName).map((row) => ({ kind: 'constraint' as const, ...described(row) })),
    ...indexes.toSorted(byName).map((row) => ({
      kind: 'index' as const,
      ...described(row),
      state: row.state,
      options: canonical(row.options),
    })),
  ]
}

function described({ name, type, entity, labels, properties }: Row): Omit<SchemaEntry, 'kind'> {
  return { name, type, entity, labelsOrTypes: labels ?? [], properties: properties ?? [] }
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1
}

/** The same value with sorted keys and ordinary numbers, so that equal options are equal as JSON. */
function canonical(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, part]) => [key, canonical(part)]))
}
