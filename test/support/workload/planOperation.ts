import type { GraphModel } from '../graphModel.ts'
import type { Operation } from './change.ts'
import { growAll, markMany, trimMany } from './planBulk.ts'
import { createNodes, deleteNodes, introduceNames, relabel, replaceProperties, updateNodes } from './planNodes.ts'
import type { GraphSize, Planner } from './planner.ts'
import { connect, disconnect, growHub, removeHub, shrinkHub, updateRelationships } from './planRelationships.ts'
import { Random } from './random.ts'

const planners = {
  createNodes,
  updateNodes,
  replaceProperties,
  relabel,
  deleteNodes,
  introduceNames,
  connect,
  disconnect,
  updateRelationships,
  growHub,
  shrinkHub,
  removeHub,
  growAll,
  markMany,
  trimMany,
} satisfies Record<string, Planner>

/**
 * The operation a writer does as number `sequence` on the graph it has then.
 * It depends on nothing but the arguments, so that replaying the numbers in order gives the same graph again.
 */
export function planOperation(seed: string, model: GraphModel, sequence: number, size: GraphSize): Operation {
  const random = new Random(`${seed}/${model.writer}/${sequence}`)
  const task = { model, random, size, newUid: uidMaker(model.writer, sequence) }
  const changes = sequence === 1 ? growAll(task) : planners[random.weighted(weights(model, size))](task)
  if (changes.length === 0) return { outcome: 'commit', changes: createNodes(task) }
  return { outcome: random.weighted({ commit: 94, 'roll back': 4, 'violate a constraint': 2 }), changes }
}

/** What there is too little of is created more often, what there is too much of deleted. */
function weights(model: GraphModel, size: GraphSize): Record<keyof typeof planners, number> {
  const fullness = model.nodes.size / size.nodes
  const density = model.relationships.size / size.relationships
  return {
    createNodes: fullness < 1 ? 22 : 12,
    deleteNodes: fullness < 1 ? 6 : 18,
    connect: density < 1 ? 22 : 8,
    disconnect: density < 1 ? 4 : 22,
    updateNodes: 20,
    updateRelationships: 8,
    replaceProperties: 3,
    relabel: 10,
    introduceNames: 0.3,
    growHub: 5,
    shrinkHub: 4,
    removeHub: 0.5,
    growAll: fullness < 0.8 ? 1 : 0.1,
    markMany: 0.3,
    trimMany: fullness > 1.3 ? 20 : 0,
  }
}

function uidMaker(writer: number, sequence: number): () => string {
  let count = 0
  return () => `${writer}-${sequence}-${count++}`
}
