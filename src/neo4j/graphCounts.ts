import type { Graph, QueryOptions } from './graph.ts'

/** How many nodes and relationships a database has; labels and types without any are left out, names are sorted. */
export interface GraphCounts {
  nodes: number
  relationships: number
  nodesByLabel: Record<string, number>
  relationshipsByType: Record<string, number>
}

interface GraphCountsData {
  nodes: { count: bigint; label?: string }[]
  relationships: { count: bigint; relationshipType?: string; startLabel?: string; endLabel?: string }[]
}

/** The counts as Neo4j keeps them in its count store: immediate, whatever the size. */
export async function keptCounts(graph: Graph, options: QueryOptions = {}): Promise<GraphCounts> {
  const rows = await graph.query<{ data: GraphCountsData }>("CALL db.stats.retrieve('GRAPH COUNTS') YIELD data", {}, options)
  const nodes = rows.flatMap(({ data }) => data.nodes)
  const relationships = rows
    .flatMap(({ data }) => data.relationships)
    .filter(({ startLabel, endLabel }) => startLabel === undefined && endLabel === undefined)
  return {
    nodes: Number(nodes.find(({ label }) => label === undefined)?.count ?? 0n),
    relationships: Number(relationships.find(({ relationshipType }) => relationshipType === undefined)?.count ?? 0n),
    nodesByLabel: byName(nodes.map(({ label, count }) => [label, count])),
    relationshipsByType: byName(relationships.map(({ relationshipType, count }) => [relationshipType, count])),
  }
}

/** The counts of what is really in the store: reads every node and relationship record. */
export async function scannedCounts(graph: Graph, options: QueryOptions = {}): Promise<GraphCounts> {
  // Neo4j answers a plain count(n) from the count store; counting a list made of each node makes it read the nodes.
  const [nodes] = await graph.query<Total>('MATCH (n) RETURN count(labels(n)) AS total', {}, options)
  const labels = await graph.query<Named>('MATCH (n) UNWIND labels(n) AS name RETURN name, count(*) AS total', {}, options)
  const types = await graph.query<Named>('MATCH ()-[r]->() RETURN type(r) AS name, count(*) AS total', {}, options)
  return {
    nodes: Number(nodes?.total ?? 0n),
    relationships: types.reduce((sum, { total }) => sum + Number(total), 0),
    nodesByLabel: byName(labels.map(({ name, total }) => [name, total])),
    relationshipsByType: byName(types.map(({ name, total }) => [name, total])),
  }
}

/** How many nodes have no relationship. */
export async function isolatedNodes(graph: Graph, options: QueryOptions = {}): Promise<number> {
  const [row] = await graph.query<Total>('MATCH (n) WHERE NOT (n)--() RETURN count(n) AS total', {}, options)
  return Number(row?.total ?? 0n)
}

/** How many relationships have both of their nodes: each end's record is looked up, as its number in the relationship proves nothing. */
export async function joinedRelationships(graph: Graph, options: QueryOptions = {}): Promise<number> {
  const [row] = await graph.query<Total>(
    `MATCH ()-[r]->() WITH elementId(startNode(r)) AS start, elementId(endNode(r)) AS end
     MATCH (a) WHERE elementId(a) = start MATCH (b) WHERE elementId(b) = end
     RETURN count([labels(a), labels(b)]) AS total`,
    {},
    options,
  )
  return Number(row?.total ?? 0n)
}

interface Total extends Record<string, unknown> {
  total: bigint
}

interface Named extends Total {
  name: string
}

function byName(pairs: [string | undefined, bigint][]): Record<string, number> {
  const named = pairs.filter((pair): pair is [string, bigint] => pair[0] !== undefined && pair[1] > 0n)
  return Object.fromEntries(named.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => [name, Number(count)]))
}
