import type { Random } from './random.ts'
import type { Change, NewRelationship, RelationshipPlace } from './change.ts'
import { type Planner, someNodes, someRelationships, type Task } from './planner.ts'
import { randomNodeProperties, randomRelationshipProperties, relationshipTypes, removableKeys } from './vocabulary.ts'

/** How many dense nodes a writer keeps, and how many relationships one may have before it mostly shrinks. */
const hubs = 3
const crowded = 400

/** Relationships of one type between random nodes; some are loops, some run in parallel. */
export const connect: Planner = (task) => {
  const { random, newUid } = task
  const ends = someNodes(task, 12)
  if (ends.length === 0) return []
  const relationships = Array.from({ length: random.between(1, 20) }, () => {
    const from = random.pick(ends)
    const to = random.chance(0.08) ? from : random.pick(ends)
    return { uid: newUid(), from, to, properties: randomRelationshipProperties(random, 5) }
  })
  return [{ kind: 'create relationships', type: random.pick(relationshipTypes), relationships }]
}

export const disconnect: Planner = (task) => removal(task, someRelationships(task, task.random.between(1, 40)))

/** Sets and removes properties of a few relationships. */
export const updateRelationships: Planner = (task) => {
  const { model, random } = task
  return someRelationships(task, random.between(1, 6)).map((uid): Change => {
    const set = randomRelationshipProperties(random, 3)
    const remove = removableKeys(random, model.relationships.get(uid)!.properties, 2).filter((key) => !(key in set))
    return { kind: 'change relationship', at: model.place(uid), set, remove }
  })
}

/** Adds dozens of relationships, in and out and of two types, to a dense node, or a new dense node with more than a hundred. */
export const growHub: Planner = (task) => {
  const { model, random, newUid } = task
  const others = someNodes(task, 60)
  if (others.length === 0) return []
  if (model.hubPool.size >= hubs) {
    const hub = random.pick(model.hubPool.items)
    if (model.incident(hub).length > crowded) return shrinkHub(task)
    return spokes(task, hub, others, random.between(5, 60))
  }
  const hub = newUid()
  const nodes = [{ uid: hub, properties: randomNodeProperties(random, 4) }]
  return [{ kind: 'create nodes', labels: ['Hub'], nodes }, ...spokes(task, hub, others, random.between(101, 180))]
}

/** Takes some or nearly all of the relationships of a dense node away. */
export const shrinkHub: Planner = (task) => {
  const { model, random } = task
  if (model.hubPool.size === 0) return []
  const incident = model.incident(random.pick(model.hubPool.items))
  return removal(task, random.sample(incident, Math.floor(incident.length * random.pick([0.1, 0.3, 0.95]))))
}

export const removeHub: Planner = ({ model, random }) =>
  model.hubPool.size === 0 ? [] : [{ kind: 'detach delete', uids: [random.pick(model.hubPool.items)] }]

function spokes({ random, newUid }: Task, hub: string, others: readonly string[], count: number): Change[] {
  const types = random.sample(relationshipTypes, 2)
  return types.map((type): Change => {
    const relationships = Array.from({ length: Math.ceil(count / types.length) }, (): NewRelationship => {
      const [from, to] = spoke(random, hub, random.chance(0.05) ? hub : random.pick(others))
      return { uid: newUid(), from, to, properties: randomRelationshipProperties(random, 2) }
    })
    return { kind: 'create relationships', type, relationships }
  })
}

function spoke(random: Random, hub: string, other: string): [string, string] {
  return random.chance(0.5) ? [hub, other] : [other, hub]
}

function removal({ model }: Task, uids: readonly string[]): Change[] {
  const byType = Map.groupBy(
    uids.map((uid) => model.place(uid)),
    ({ type }: RelationshipPlace) => type,
  )
  return [...byType].map(([type, relationships]): Change => ({ kind: 'delete relationships', type, relationships }))
}
