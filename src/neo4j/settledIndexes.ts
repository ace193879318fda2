import type { Graph, QueryOptions } from './graph.ts'

/** Seconds of one wait: an index that is complete comes online in far less, unless its constraint is missing. */
const wait = 30
const longest = 3600
/** How often in a row nothing may happen before that is so for good. */
const looks = 3

interface Row extends Record<string, unknown> {
  name: string
  /** All is in it, and it may be for a constraint, which is not there: an index of another type is at 100 % while it is still being written. */
  complete: boolean
}

/**
 * Waits until no index is being populated any more, an hour at the most.
 * @returns the names of those that are complete and never come online: Neo4j makes the index of a constraint in a transaction of its own, and
 * what ends between the two, as after a crash, keeps an index that waits for a constraint for ever.
 */
export async function settledIndexes(graph: Graph, options: QueryOptions): Promise<string[]> {
  let before = await populating(graph, options)
  for (let waited = 0, same = 0; before.length > 0 && waited < longest; waited += wait) {
    // A failed wait says nothing that the next look does not.
    await graph.query('CALL db.awaitIndexes($seconds)', { seconds: BigInt(wait) }, options).catch(() => {})
    const now = await populating(graph, options)
    const isSettled = now.every(({ name, complete }) => complete && before.some((each) => each.complete && each.name === name))
    same = isSettled ? same + 1 : 0
    if (now.length === 0 || same === looks) return now.map(({ name }) => name)
    before = now
  }
  return []
}

async function populating(graph: Graph, options: QueryOptions): Promise<Row[]> {
  return graph.query<Row>(
    "SHOW INDEXES YIELD name, state, populationPercent, owningConstraint, type WHERE state = 'POPULATING' " +
      "RETURN name, populationPercent = 100 AND owningConstraint IS NULL AND type = 'RANGE' AS complete",
    {},
    options,
  )
}
