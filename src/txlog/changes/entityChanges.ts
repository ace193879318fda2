import type { NodeCommand, NodeImage } from '../commands/nodeCommand.ts'
import type { RelationshipCommand } from '../commands/relationshipCommand.ts'
import { type OwnedProperties, type PropertyChange, propertyChanges } from './propertyChanges.ts'

/** What a transaction did with an entity. */
export type Operation = 'create' | 'update' | 'delete'

/** What a transaction did with a node. */
export interface NodeChange {
  kind: 'node'
  /** Its record id, which another node may get once this one is deleted. */
  id: number
  operation: Operation
  /**
   * Ids of its labels before and after, in ascending order; none where it was or is not there. Undefined where the transaction does not say:
   * only properties changed, or the labels are many and stayed the same.
   */
  labelsBefore: readonly number[] | undefined
  labelsAfter: readonly number[] | undefined
  /** All of its properties where it was created or deleted, else those that changed. */
  properties: readonly PropertyChange[]
}

/** What a transaction did with a relationship. */
export interface RelationshipChange {
  kind: 'relationship'
  /** Its record id, which another relationship may get once this one is deleted. */
  id: number
  operation: Operation
  /** Id of its type and record ids of its nodes; undefined where the transaction does not say since only properties changed. */
  place: { type: number; start: number; end: number } | undefined
  /** As those of a node. */
  properties: readonly PropertyChange[]
}

/** What became of a node, of its own command and of those on its properties; undefined where nothing did that a user could see. */
export function nodeChange(
  id: number,
  command: NodeCommand | undefined,
  owned: OwnedProperties | undefined,
): NodeChange | undefined {
  const properties = propertyChanges(owned)
  if (!command) {
    if (properties.length === 0) return undefined
    return { kind: 'node', id, operation: 'update', labelsBefore: undefined, labelsAfter: undefined, properties }
  }
  const { before, after } = command
  const operation = operationOf(before, after)
  if (operation === undefined) return undefined
  if (operation === 'update' && properties.length === 0 && sameLabels(before!, after!)) return undefined
  return { kind: 'node', id, operation, ...labelsOf(before, after), properties }
}

/** What became of a relationship; undefined where nothing did that a user could see. */
export function relationshipChange(
  id: number,
  command: RelationshipCommand | undefined,
  owned: OwnedProperties | undefined,
): RelationshipChange | undefined {
  const properties = propertyChanges(owned)
  const operation = command ? operationOf(command.before, command.after) : 'update'
  if (operation === undefined || (operation === 'update' && properties.length === 0)) return undefined
  const image = command?.after ?? command?.before
  const place = image && { type: image.type, start: image.start, end: image.end }
  return { kind: 'relationship', id, operation, place, properties }
}

/** The labels that a change of a node added and removed; undefined where the transaction does not say. */
export function labelDifference({ labelsBefore, labelsAfter }: NodeChange): { added: number[]; removed: number[] } | undefined {
  if (labelsBefore === labelsAfter) return { added: [], removed: [] }
  if (!labelsBefore || !labelsAfter) return undefined
  return {
    added: labelsAfter.filter((label) => !labelsBefore.includes(label)),
    removed: labelsBefore.filter((label) => !labelsAfter.includes(label)),
  }
}

function operationOf(before: object | undefined, after: object | undefined): Operation | undefined {
  if (before) return after ? 'update' : 'delete'
  return after ? 'create' : undefined
}

const noLabels: readonly number[] = []

function labelsOf(before: NodeImage | undefined, after: NodeImage | undefined): Pick<NodeChange, 'labelsBefore' | 'labelsAfter'> {
  // Labels that did not change may be left out of one image and not of the other; then they are known nevertheless.
  if (before && after && sameLabels(before, after)) {
    const labels = after.labels ?? before.labels
    return { labelsBefore: labels, labelsAfter: labels }
  }
  return { labelsBefore: before ? before.labels : noLabels, labelsAfter: after ? after.labels : noLabels }
}

function sameLabels(before: NodeImage, after: NodeImage): boolean {
  const { labels: old } = before
  const { labels } = after
  if (!old || !labels) return before.labelField === after.labelField
  return old.length === labels.length && old.every((label, index) => label === labels[index])
}
