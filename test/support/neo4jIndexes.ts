import type { Graph } from '../../src/neo4j/graph.ts'

/**
 * Creates an index of every type that the server has, on nodes with a label and on relationships with a type, for the properties
 * `name` (text), `at` (point) and `vector` (three numbers), a unique constraint, and waits until they are online.
 */
export async function createAllIndexes(graph: Graph, label: string, type: string): Promise<void> {
  const { version } = await graph.serverInfo()
  for (const [prefix, pattern] of [
    ['node', `(e:${label})`],
    ['relationship', `()-[e:${type}]-()`],
  ] as const) {
    for (const kind of ['RANGE', 'TEXT']) await create(`${kind} INDEX ${prefix}_${kind.toLowerCase()} FOR ${pattern} ON (e.name)`)
    await create(`POINT INDEX ${prefix}_point FOR ${pattern} ON (e.at)`)
    await create(`FULLTEXT INDEX ${prefix}_fulltext FOR ${pattern} ON EACH [e.name]`)
    if (!version.startsWith('5.13.')) {
      const options = '{indexConfig: {`vector.dimensions`: 3, `vector.similarity_function`: "cosine"}}'
      await create(`VECTOR INDEX ${prefix}_vector FOR ${pattern} ON (e.vector) OPTIONS ${options}`)
    }
  }
  if (version.startsWith('5.13.')) {
    await graph.query(
      "CALL db.index.vector.createNodeIndex('node_vector', $label, 'vector', 3, 'cosine')",
      { label },
      { write: true },
    )
  }
  await create('CONSTRAINT unique_name FOR (e:Sight) REQUIRE e.name IS UNIQUE')
  await graph.query('CALL db.awaitIndexes(60)')

  async function create(what: string): Promise<void> {
    await graph.query(`CREATE ${what}`, {}, { write: true })
  }
}
