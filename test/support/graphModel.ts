import { Pool } from './graphModelPool.ts'
import type { PropertyValue } from './graphModelValues.ts'
import type { Change, RelationshipPlace } from './workload/change.ts'
import { entityLabel } from './workload/change.ts'

export interface ModelNode {
  labels: Set<string>
  properties: Record<string, PropertyValue>
}

export interface ModelRelationship {
  type: string
  from: string
  to: string
  properties: Record<string, PropertyValue>
}

/** Properties that identify an entity and that no operation may change. */
const identity = ['uid', 'writer'] as const

/** The part of the graph that one writer owns, as it must be after the operations applied so far. */
export class GraphModel {
  readonly writer: number
  readonly nodes = new Map<string, ModelNode>()
  readonly relationships = new Map<string, ModelRelationship>()
  /** Uids of all nodes and of all relationships, to pick from. */
  readonly nodePool = new Pool()
  readonly relationshipPool = new Pool()
  /** Uids of the dense nodes. */
  readonly hubPool = new Pool()
  readonly #incident = new Map<string, Set<string>>()

  constructor(writer: number) {
    this.writer = writer
  }

  /** Uids of the relationships that start or end at a node, in the order they came. */
  incident(uid: string): readonly string[] {
    return [...(this.#incident.get(uid) ?? [])]
  }

  place(uid: string): RelationshipPlace {
    const { type, from, to } = this.#relationship(uid)
    return { uid, type, from, to }
  }

  /** Does to the model what the statement of the change does to Neo4j. */
  apply(change: Change): void {
    switch (change.kind) {
      case 'create nodes':
        for (const { uid, properties } of change.nodes) this.#addNode(uid, change.labels, properties)
        return
      case 'create relationships':
        for (const { uid, from, to, properties } of change.relationships) {
          this.#addRelationship(uid, { type: change.type, from, to, properties: this.#identified(uid, properties) })
        }
        return
      case 'change node':
        changeProperties(this.#node(change.uid).properties, change.set, change.remove)
        return
      case 'change relationship':
        changeProperties(this.#relationship(change.at.uid).properties, change.set, change.remove)
        return
      case 'replace properties':
        this.#node(change.uid).properties = this.#identified(change.uid, change.properties)
        return
      case 'mark nodes':
        for (const uid of change.uids) this.#node(uid).properties[change.key] = change.value
        return
      case 'add label':
        for (const uid of change.uids) this.#node(uid).labels.add(change.label)
        return
      case 'remove label':
        for (const uid of change.uids) this.#node(uid).labels.delete(change.label)
        return
      case 'delete relationships':
        for (const { uid } of change.relationships) this.#deleteRelationship(uid)
        return
      case 'detach delete':
        for (const uid of change.uids) this.#deleteNode(uid)
        return
    }
  }

  #identified(uid: string, properties: Readonly<Record<string, PropertyValue>>): Record<string, PropertyValue> {
    return { ...properties, uid, writer: BigInt(this.writer) }
  }

  #node(uid: string): ModelNode {
    const node = this.nodes.get(uid)
    if (node === undefined) throw new Error(`the workload is wrong: there is no node ${uid}`)
    return node
  }

  #relationship(uid: string): ModelRelationship {
    const relationship = this.relationships.get(uid)
    if (relationship === undefined) throw new Error(`the workload is wrong: there is no relationship ${uid}`)
    return relationship
  }

  #addNode(uid: string, labels: readonly string[], properties: Readonly<Record<string, PropertyValue>>): void {
    if (this.nodes.has(uid)) throw new Error(`the workload is wrong: there already is a node ${uid}`)
    this.nodes.set(uid, { labels: new Set([entityLabel, ...labels]), properties: this.#identified(uid, properties) })
    this.nodePool.add(uid)
    if (labels.includes('Hub')) this.hubPool.add(uid)
  }

  #addRelationship(uid: string, relationship: ModelRelationship): void {
    if (this.relationships.has(uid)) throw new Error(`the workload is wrong: there already is a relationship ${uid}`)
    this.relationships.set(uid, relationship)
    this.relationshipPool.add(uid)
    for (const end of [relationship.from, relationship.to]) {
      this.#node(end)
      const incident = this.#incident.get(end) ?? new Set()
      this.#incident.set(end, incident.add(uid))
    }
  }

  #deleteRelationship(uid: string): void {
    const { from, to } = this.#relationship(uid)
    this.relationships.delete(uid)
    this.relationshipPool.delete(uid)
    this.#incident.get(from)!.delete(uid)
    this.#incident.get(to)!.delete(uid)
  }

  #deleteNode(uid: string): void {
    this.#node(uid)
    for (const relationship of this.incident(uid)) this.#deleteRelationship(relationship)
    this.nodes.delete(uid)
    this.nodePool.delete(uid)
    this.hubPool.delete(uid)
    this.#incident.delete(uid)
  }
}

function changeProperties(
  properties: Record<string, PropertyValue>,
  set: Readonly<Record<string, PropertyValue>>,
  remove: readonly string[],
): void {
  for (const key of [...Object.keys(set), ...remove]) {
    if (identity.some((fixed) => fixed === key)) throw new Error(`the workload is wrong: it changes ${key}`)
  }
  Object.assign(properties, set)
  for (const key of remove) delete properties[key]
}
