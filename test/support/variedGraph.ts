import type { Graph } from '../../src/neo4j/graph.ts'
import { keptCounts } from '../../src/neo4j/graphCounts.ts'
import { readSchema } from '../../src/neo4j/graphSchema.ts'

/** Makes a small graph with properties of many types, indexes, a constraint and deleted nodes. */
export async function makeGraph(graph: Graph): Promise<void> {
  const statements = [
    'CREATE CONSTRAINT city FOR (c:City) REQUIRE c.name IS UNIQUE',
    'CREATE INDEX visits FOR ()-[r:VISITED]-() ON (r.on)',
    'CREATE FULLTEXT INDEX stories FOR (p:Person) ON EACH [p.story]',
    `UNWIND range(1, 500) AS i
     CREATE (:Person {id: i, name: 'name ' + i, story: 'a story of ' + i, score: i / 7.0, tall: i % 2 = 0, tags: ['x', toString(i)]})`,
    "UNWIND range(1, 20) AS i CREATE (:City {name: 'city ' + i, founded: date('1200-01-01') + duration({months: i}), at: point({x: i, y: -i})})",
    `MATCH (p:Person) MATCH (c:City {name: 'city ' + (1 + p.id % 20)}) CREATE (p)-[:VISITED {on: datetime('2026-01-01T00:00:00Z')}]->(c)`,
    'MATCH (p:Person) WHERE p.id > 450 DETACH DELETE p',
  ]
  for (const statement of statements) await graph.query(statement, {}, { write: true })
  await graph.query('CALL db.awaitIndexes(60)')
}

/** All that is in such a graph, to be compared with what another server has. */
export async function contentOf(graph: Graph): Promise<unknown> {
  return {
    counts: await keptCounts(graph, { database: 'neo4j' }),
    schema: await readSchema(graph, { database: 'neo4j' }),
    nodes: await graph.query(
      'MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties ORDER BY labels(n)[0], n.id, n.name',
    ),
    relationships: await graph.query(
      'MATCH (p)-[r:VISITED]->(c) RETURN p.id AS person, c.name AS city, toString(r.on) AS moment ORDER BY person',
    ),
    found: await graph.query(
      "CALL db.index.fulltext.queryNodes('stories', 'story') YIELD node RETURN count(node) AS count, min(node.id) AS first",
    ),
  }
}
