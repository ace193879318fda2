import type { ProgressListener } from '../core/progress.ts'
import type { Graph } from '../neo4j/graph.ts'

const batch = 5000

/** Loads a made-up knowledge graph: topics, entities with some text that mention each other, and indexes on them. */
export async function loadSampleGraph(graph: Graph, entities: number, progress: ProgressListener): Promise<void> {
  const write = { write: true }
  await graph.query('CREATE CONSTRAINT topic_number FOR (topic:Topic) REQUIRE topic.number IS UNIQUE', {}, write)
  await graph.query('CREATE INDEX entity_number FOR (entity:Entity) ON (entity.number)', {}, write)
  await graph.query('CREATE FULLTEXT INDEX entity_text FOR (entity:Entity) ON EACH [entity.text]', {}, write)
  await graph.query('UNWIND range(0, 99) AS number CREATE (:Topic {number: number})', {}, write)
  await graph.query('CALL db.awaitIndexes(60)', {}, write)
  for (let first = 0; first < entities; first += batch) {
    await graph.query(
      `UNWIND range($first, $last) AS number
       MATCH (topic:Topic {number: number % 100})
       CREATE (entity:Entity {number: number, score: rand(), created: datetime(),
         text: reduce(text = '', step IN range(1, 12) | text + toString(toInteger(rand() * 1000000)) + ' ')})
       CREATE (entity)-[:IN {since: date()}]->(topic)`,
      { first: BigInt(first), last: BigInt(Math.min(first + batch, entities) - 1) },
      write,
    )
    await graph.query(
      `UNWIND range($first, $last) AS number
       MATCH (one:Entity {number: number}), (other:Entity {number: toInteger(rand() * $last)})
       CREATE (one)-[:MENTIONS {weight: rand()}]->(other)`,
      { first: BigInt(first), last: BigInt(Math.min(first + batch, entities) - 1) },
      write,
    )
    progress({ phase: 'load a graph', done: Math.min(first + batch, entities), total: entities, unit: 'entities' })
  }
}
