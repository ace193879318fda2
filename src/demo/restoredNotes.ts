import type { Graph } from '../neo4j/graph.ts'

/** The numbered writes found in a database: how many different numbers, and the highest. Without a gap the two are equal. */
export interface RestoredNotes {
  count: number
  last: number
}

export async function countRestored(graph: Graph): Promise<RestoredNotes> {
  const [row] = await graph.query<{ total: bigint; last: bigint | null }>(
    'MATCH (note:Note)-[:ABOUT]->(:Topic) RETURN count(DISTINCT note.number) AS total, max(note.number) AS last',
  )
  return { count: Number(row?.total ?? 0n), last: Number(row?.last ?? 0n) }
}
