import type { Properties, PropertyValue } from '../graphModelValues.ts'

/** Where a relationship is: enough to find it without scanning. */
export interface RelationshipPlace {
  uid: string
  type: string
  /** uid of the start node. */
  from: string
  /** uid of the end node; the start node's own for a loop. */
  to: string
}

export interface NewNode {
  uid: string
  properties: Properties
}

export interface NewRelationship {
  uid: string
  from: string
  to: string
  properties: Properties
}

/** One thing a transaction does to the graph, as data: the model applies it, and a statement does the same in Neo4j. */
export type Change =
  | { kind: 'create nodes'; labels: readonly string[]; nodes: readonly NewNode[] }
  | { kind: 'create relationships'; type: string; relationships: readonly NewRelationship[] }
  | { kind: 'change node'; uid: string; set: Properties; remove: readonly string[] }
  | { kind: 'change relationship'; at: RelationshipPlace; set: Properties; remove: readonly string[] }
  /** All properties but those that identify the node are replaced. */
  | { kind: 'replace properties'; uid: string; properties: Properties }
  /** One property set to one value on many nodes. */
  | { kind: 'mark nodes'; uids: readonly string[]; key: string; value: PropertyValue }
  | { kind: 'add label'; uids: readonly string[]; label: string }
  | { kind: 'remove label'; uids: readonly string[]; label: string }
  | { kind: 'delete relationships'; type: string; relationships: readonly RelationshipPlace[] }
  | { kind: 'detach delete'; uids: readonly string[] }

/**
 * What a writer does in one step. Those that commit change the graph and the writer's marker in one transaction;
 * the others must leave nothing, and only the marker moves on.
 */
export interface Operation {
  outcome: 'commit' | 'roll back' | 'violate a constraint'
  changes: readonly Change[]
}

/** The label every node of every writer has. */
export const entityLabel = 'Entity'
