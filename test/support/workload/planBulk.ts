import type { Change, NewRelationship } from './change.ts'
import { newNode } from './planNodes.ts'
import { type Planner, someNodes } from './planner.ts'
import { randomSentence } from './randomText.ts'
import { randomValue } from './randomValues.ts'
import { labelSets, randomRelationshipProperties, relationshipTypes } from './vocabulary.ts'

/** One big transaction: about half of the writer's usual graph at once, several megabytes. */
export const growAll: Planner = (task) => {
  const { random, size, newUid } = task
  const created: Change[] = []
  const uids: string[] = []
  while (uids.length < size.nodes / 2) {
    const nodes = Array.from({ length: 200 }, () => newNode(task))
    for (const node of nodes.slice(0, 60)) Object.assign(node.properties, { body: randomSentence(random, 200) })
    created.push({ kind: 'create nodes', labels: random.pick(labelSets), nodes })
    uids.push(...nodes.map(({ uid }) => uid))
  }
  const joined = relationshipTypes.map((type): Change => {
    const count = size.relationships / 2 / relationshipTypes.length
    const relationships = Array.from({ length: count }, (): NewRelationship => ({
      uid: newUid(),
      from: random.pick(uids),
      to: random.pick(uids),
      properties: randomRelationshipProperties(random, 2),
    }))
    return { kind: 'create relationships', type, relationships }
  })
  return [...created, ...joined]
}

/** One property set on a third of all nodes. */
export const markMany: Planner = (task) => {
  const { model, random } = task
  const uids = someNodes(task, Math.ceil(model.nodes.size / 3))
  return uids.length === 0
    ? []
    : [{ kind: 'mark nodes', uids, key: random.pick(['k0', 'k1', 'mark']), value: randomValue(random) }]
}

/** Takes a third of all nodes away in one transaction. */
export const trimMany: Planner = (task) => {
  const uids = someNodes(task, Math.ceil(task.model.nodes.size / 3)).filter((uid) => !task.model.hubPool.has(uid))
  return uids.length === 0 ? [] : [{ kind: 'detach delete', uids }]
}
