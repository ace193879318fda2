import type { Driver } from 'neo4j-driver'
import type { Difference } from './graphModelCompare.ts'
import { compareGraph } from './graphModelCompare.ts'
import { checkCounts } from './graphModelCounts.ts'
import { checkLookups } from './graphModelLookups.ts'
import type { Markers } from './graphModelMarkers.ts'
import { readMarkers } from './graphModelMarkers.ts'
import { ReplayedGraph } from './graphModelReplay.ts'
import { compareSchema } from './graphModelSchema.ts'
import { schemaCatalogue } from './workload/schemaCatalogue.ts'
import type { WorkloadOptions } from './workload/workload.ts'

export interface Verdict {
  /** Which operations the database holds. */
  markers: Markers
  nodes: number
  relationships: number
  properties: number
  /** Values looked up through indexes, and counts asked for. */
  questions: number
  differenceCount: number
  /** The first of them. */
  differences: Difference[]
}

/** Compares databases with what the operations of one workload make of them; it knows nothing of how the databases came about. */
export class WorkloadVerifier {
  readonly #options: WorkloadOptions
  readonly #graphs: ReplayedGraph[]

  constructor(options: WorkloadOptions) {
    this.#options = options
    this.#graphs = Array.from({ length: options.writers }, (_, id) => new ReplayedGraph(options.seed, id, options.size))
  }

  /** Reads a whole database, which nobody may write to meanwhile, and says what of it is not as its own markers demand. */
  async verify(driver: Driver): Promise<Verdict> {
    const { seed, writers, withVectors } = this.#options
    const markers = await readMarkers(driver, writers)
    const models = this.#graphs.map((graph, id) => graph.at(markers.writers[id]!))
    const graph = await compareGraph(driver, models)
    const schema = await compareSchema(driver, seed, schemaCatalogue(withVectors), markers.schema)
    const lookups = await checkLookups(driver, models, schema.present, `${seed}/${markers.writers.join('/')}`)
    const counts = await checkCounts(driver, models)
    const { nodes, relationships, properties } = graph
    const others = [...schema.differences, ...lookups.differences, ...counts.differences]
    return {
      markers,
      nodes,
      relationships,
      properties,
      questions: lookups.asked + counts.asked,
      differenceCount: graph.differenceCount + others.length,
      differences: [...graph.differences, ...others],
    }
  }
}
