import { GraphModel } from './graphModel.ts'
import type { GraphSize } from './workload/planner.ts'
import { planOperation } from './workload/planOperation.ts'
import type { SchemaItem } from './workload/schemaCatalogue.ts'
import { afterSchemaStep, planSchemaStep } from './workload/schemaClient.ts'

/** A model of one writer's graph that can be moved to any of its operations. */
export class ReplayedGraph {
  readonly #seed: string
  readonly #size: GraphSize
  #model: GraphModel
  #sequence = 0

  constructor(seed: string, writer: number, size: GraphSize) {
    this.#seed = seed
    this.#size = size
    this.#model = new GraphModel(writer)
  }

  /** The graph after operation `sequence`; going back means starting over. */
  at(sequence: number): GraphModel {
    if (sequence < this.#sequence) {
      this.#model = new GraphModel(this.#model.writer)
      this.#sequence = 0
    }
    while (this.#sequence < sequence) {
      const { outcome, changes } = planOperation(this.#seed, this.#model, this.#sequence + 1, this.#size)
      if (outcome === 'commit') for (const change of changes) this.#model.apply(change)
      this.#sequence++
    }
    return this.#model
  }
}

/** The items that exist after step `number` of the schema client. */
export function replaySchema(seed: string, catalogue: readonly SchemaItem[], number: number): SchemaItem[] {
  let existing = new Set<string>()
  for (let step = 1; step <= number; step++) {
    existing = afterSchemaStep(existing, planSchemaStep(seed, step, catalogue, existing))
  }
  return catalogue.filter(({ name }) => existing.has(name))
}
