import type { Driver } from 'neo4j-driver'
import { queryRows } from './graphModelQuery.ts'
import type { Positions } from './workload/workload.ts'

/** Which operations a database holds, as its own marker nodes say. */
export interface Markers {
  /** The last operation of each writer. */
  writers: number[]
  /** The last schema step that was begun, and the last that was done. */
  schema: { begun: number; done: number }
}

/** @throws Error where a marker is missing, is there twice or holds anything else. */
export async function readMarkers(driver: Driver, writers: number): Promise<Markers> {
  const found = await queryRows<MarkerRow>(driver, 'MATCH (w:Writer) RETURN properties(w) AS marker ORDER BY w.id')
  const steps = await queryRows<MarkerRow>(driver, 'MATCH (s:SchemaClient) RETURN properties(s) AS marker')
  if (found.length !== writers || steps.length !== 1) {
    throw new Error(
      `expected the markers of ${writers} writers and of one schema client, found ${found.length} and ${steps.length}`,
    )
  }
  const { begun, done } = steps[0]!.marker
  return {
    writers: found.map(({ marker: { id, seq } }, index) => {
      if (id !== BigInt(index)) throw new Error(`expected the marker of writer ${index}, found that of writer ${String(id)}`)
      return wholeNumber(seq)
    }),
    schema: { begun: wholeNumber(begun), done: wholeNumber(done) },
  }
}

interface MarkerRow {
  marker: { id?: unknown; seq?: unknown; begun?: unknown; done?: unknown }
}

/**
 * What a backup guarantees, broken: it holds all that was acknowledged before it began, and nothing not yet sent when it ended.
 * @returns one sentence for each client whose marker is out of bounds.
 */
export function outOfBounds(markers: Markers, before: Positions, after: Positions): string[] {
  const found = [
    ...markers.writers.map((value, id) => ({
      name: `writer ${id}`,
      least: before.writers[id]!.acknowledged,
      value,
      most: after.writers[id]!.sent,
    })),
    { name: 'schema steps done', least: before.schema.acknowledged, value: markers.schema.done, most: after.schema.sent },
    { name: 'schema steps begun', least: before.schema.acknowledged, value: markers.schema.begun, most: after.schema.sent },
  ]
  return found
    .filter(({ least, value, most }) => value < least || value > most)
    .map(({ name, least, value, most }) => `${name}: restored up to ${value}, expected ${least} to ${most}`)
}

function wholeNumber(value: unknown): number {
  if (typeof value !== 'bigint') throw new Error(`expected an integer in a marker, found ${typeof value} ${String(value)}`)
  return Number(value)
}
