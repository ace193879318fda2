import type { GraphModel } from '../graphModel.ts'
import type { Change } from './change.ts'
import type { Random } from './random.ts'

/** How large the writer's part of the graph stays, on average. */
export interface GraphSize {
  nodes: number
  relationships: number
}

/** What a planner may look at: the graph before the operation, and the dice. */
export interface Task {
  model: GraphModel
  random: Random
  size: GraphSize
  /** A uid that no entity has had before. */
  newUid: () => string
}

/**
 * Plans the changes of one operation without applying any; no two of them may contradict each other.
 * None at all means that the graph has nothing yet that this planner could work on.
 */
export type Planner = (task: Task) => Change[]

/** Up to `count` different nodes. */
export function someNodes({ model, random }: Task, count: number): string[] {
  return some(random, model.nodePool.items, count)
}

/** Up to `count` different relationships. */
export function someRelationships({ model, random }: Task, count: number): string[] {
  return some(random, model.relationshipPool.items, count)
}

function some(random: Random, items: readonly string[], count: number): string[] {
  if (items.length === 0) return []
  return [...new Set(Array.from({ length: count }, () => random.pick(items)))]
}
