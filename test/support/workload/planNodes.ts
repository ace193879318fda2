import type { Change, NewNode } from './change.ts'
import { type Planner, someNodes, type Task } from './planner.ts'
import { randomLargeValue, randomValue } from './randomValues.ts'
import {
  labelSets,
  labels,
  largeKeys,
  randomNodeProperties,
  randomRelationshipProperties,
  relationshipTypes,
  removableKeys,
} from './vocabulary.ts'

/** A few nodes with the same labels, joined to each other and to what is there. */
export const createNodes: Planner = (task) => {
  const { random, newUid } = task
  const nodes = Array.from({ length: random.between(1, 12) }, () => newNode(task))
  const targets = [...nodes.map(({ uid }) => uid), ...someNodes(task, 10)]
  const relationships = Array.from({ length: random.between(0, 12) }, () => ({
    uid: newUid(),
    from: random.pick(nodes).uid,
    to: random.pick(targets),
    properties: randomRelationshipProperties(random, 4),
  }))
  return [
    { kind: 'create nodes', labels: random.pick(labelSets), nodes },
    { kind: 'create relationships', type: random.pick(relationshipTypes), relationships },
  ]
}

/** A node with random properties, most of them with one that no other node has: `code`. */
export function newNode({ random, newUid }: Task): NewNode {
  const uid = newUid()
  const properties = randomNodeProperties(random, random.chance(0.1) ? 12 : 6)
  if (random.chance(0.7)) properties['code'] = `code ${uid}`
  if (random.chance(0.02)) properties[random.pick(largeKeys)] = randomLargeValue(random)
  return { uid, properties }
}

/** Sets some properties of a few nodes, often to another type than before, and removes others. */
export const updateNodes: Planner = (task) => {
  const { model, random } = task
  return someNodes(task, random.between(1, 6)).map((uid): Change => {
    const set = randomNodeProperties(random, 4)
    if (random.chance(0.05)) set[random.pick(largeKeys)] = randomLargeValue(random)
    const remove = removableKeys(random, model.nodes.get(uid)!.properties, 2).filter((key) => !(key in set))
    return { kind: 'change node', uid, set, remove }
  })
}

export const replaceProperties: Planner = (task) =>
  someNodes(task, 2).map((uid): Change => ({ kind: 'replace properties', uid, properties: randomNodeProperties(task.random, 8) }))

/** Puts labels on a few nodes and takes others off, so that label sets move in and out of dynamic records. */
export const relabel: Planner = (task) => {
  const { random } = task
  const uids = someNodes(task, random.between(1, 10))
  if (uids.length === 0) return []
  const chosen = random.sample(labels, random.chance(0.2) ? 8 : random.between(1, 3))
  return chosen.map((label): Change => ({ kind: random.chance(0.6) ? 'add label' : 'remove label', uids, label }))
}

/** Takes a few nodes away with all their relationships. */
export const deleteNodes: Planner = (task) => {
  const { model, random } = task
  const uids = someNodes(task, random.between(1, 12)).filter((uid) => !model.hubPool.has(uid))
  return uids.length === 0 ? [] : [{ kind: 'detach delete', uids }]
}

/** Uses a label, a relationship type and a property key that Neo4j has not seen before. */
export const introduceNames: Planner = ({ random, newUid }) => {
  const uid = newUid()
  return [
    { kind: 'create nodes', labels: [`New ${uid}`], nodes: [{ uid, properties: { [`new ${uid}`]: randomValue(random) } }] },
    {
      kind: 'create relationships',
      type: `NEW ${uid}`,
      relationships: [{ uid: newUid(), from: uid, to: uid, properties: { [`newer ${uid}`]: randomValue(random) } }],
    },
  ]
}
