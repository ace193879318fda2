import { labelDifference, type Operation } from '../txlog/changes/entityChanges.ts'
import type { PropertyChange } from '../txlog/changes/propertyChanges.ts'
import type { PropertyBlock } from '../txlog/commands/propertyBlock.ts'
import { propertyValue } from '../txlog/commands/propertyValue.ts'
import type { EntityChange, Known } from './criteria.ts'
import { type ShownValue, shownValue } from './shownValue.ts'

/** What a property held; null where it was not there, `left out` where the log does not say, `hidden` where nobody should see it. */
export type ShownSide = ShownValue | 'left out' | 'hidden' | null

interface ShownProperty {
  before: ShownSide
  after: ShownSide
}

/** What became of a node, in names. */
interface ShownNode {
  kind: 'node'
  /** Its record id, which is the last part of its element id. */
  id: number
  operation: Operation
  /** Its labels, before the deletion of a deleted one; null where the log does not say. */
  labels: string[] | null
  labelsAdded: string[]
  labelsRemoved: string[]
  properties: Record<string, ShownProperty>
}

/** What became of a relationship, in names. */
interface ShownRelationship {
  kind: 'relationship'
  id: number
  operation: Operation
  /** Its type, and the record ids of its nodes; null where the log does not say. */
  type: string | null
  start: number | null
  end: number | null
  properties: Record<string, ShownProperty>
}

/** What became of an entity, as plain data. */
export type ShownChange = ShownNode | ShownRelationship

/**
 * Makes plain data of a change.
 * @param hidden - names of properties whose values are kept back
 */
export function shownChange(change: EntityChange, { names, memory }: Known, hidden: readonly string[] = []): ShownChange {
  const { id, operation } = change
  const properties = shownProperties(change.properties, (key) => names.name('property key', key), hidden)
  if (change.kind === 'relationship') {
    const place = memory.placeOf(change)
    const type = place ? names.name('relationship type', place.type) : null
    return { kind: 'relationship', id, operation, type, start: place?.start ?? null, end: place?.end ?? null, properties }
  }
  const label = (of: number): string => names.name('label', of)
  const difference = operation === 'update' ? labelDifference(change) : undefined
  return {
    kind: 'node',
    id,
    operation,
    labels: memory.labelsOf(change)?.map(label) ?? null,
    labelsAdded: (difference?.added ?? []).map(label),
    labelsRemoved: (difference?.removed ?? []).map(label),
    properties,
  }
}

function shownProperties(
  changes: readonly PropertyChange[],
  nameOf: (key: number) => string,
  hidden: readonly string[],
): Record<string, ShownProperty> {
  const entries = changes.map(({ key, before, after }): [string, ShownProperty] => {
    const name = nameOf(key)
    const side = (block: PropertyBlock | undefined): ShownSide => (block && hidden.includes(name) ? 'hidden' : shownBlock(block))
    return [name, { before: side(before), after: side(after) }]
  })
  return Object.fromEntries(entries)
}

function shownBlock(block: PropertyBlock | undefined): ShownSide {
  if (block === undefined) return null
  const value = propertyValue(block)
  return value === undefined ? 'left out' : shownValue(value)
}
