import type { Graph, QueryOptions } from './graph.ts'

/** Seconds of one wait: an index that is complete comes online in far less, unless its constraint is missing. */
const wait = 30
const longest = 3600

interface Row extends Record<string, unknown> {
  name: string
  complete: boolean
}

/**
 * Waits until no index is being populated any more, an hour at the most.
 * @returns the names of those that are complete and never come online: Neo4j makes the index of a constraint in a transaction of its own, and
 * what ends between the two, as after a crash, keeps an index that waits for a constraint for ever.
 */
export async function settledIndexes(graph: Graph, options: QueryOptions): Promise<string[]> {
  let before = await populating(graph, options)
  for (let waited = 0; before.length > 0 && waited < longest; waited += wait) {
    // A failed wait says nothing that the next look does not.
    await graph.query('CALL db.awaitIndexes($seconds)', { seconds: BigInt(wait) }, options).catch(() => {})
    const now = await populating(graph, options)
    const isSettled = now.every(({ name, complete }) => complete && before.some((each) => each.complete && each.name === name))
    if (isSettled) return now.map(({ name }) => name)
    before = now
  }
  return []
}

async function populating(graph: Graph, options: QueryOptions): Promise<Row[]> {
  return graph.query<Row>(
    "SHOW INDEXES YIELD name, state, populationPercent, owningConstraint WHERE state = 'POPULATING' " +
      'RETURN name, populationPercent = 100 AND owningConstraint IS NULL AS complete',
    {},
    options,
  )
}
