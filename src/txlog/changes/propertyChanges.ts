import { type PropertyBlock, sameValue } from '../commands/propertyBlock.ts'
import type { PropertyCommand } from '../commands/propertyCommand.ts'

/** What became of one property of an entity; the same in both means that there is no change. */
export interface PropertyChange {
  /** Id of the property key. */
  key: number
  before: PropertyBlock | undefined
  after: PropertyBlock | undefined
}

/** All that the commands on the property records of one entity say. */
export interface OwnedProperties {
  before: PropertyBlock[]
  after: PropertyBlock[]
}

/** Gathers what the property records of an entity held before and after, as far as they were touched. */
export function addProperties(owned: OwnedProperties | undefined, { before, after }: PropertyCommand): OwnedProperties {
  if (!owned) return { before: [...before], after: [...after] }
  owned.before.push(...before)
  owned.after.push(...after)
  return owned
}

const none: readonly PropertyChange[] = []

/**
 * What became of the properties of an entity. Its records are compared as one, since a property may move from one to another;
 * a property in a record that was not touched is not among them.
 */
export function propertyChanges(owned: OwnedProperties | undefined): readonly PropertyChange[] {
  if (!owned) return none
  const { before, after } = owned
  if (before.length === 0) return after.map((block) => ({ key: block.key, before: undefined, after: block }))
  const changes: PropertyChange[] = []
  const find = finder(before)
  const findAfter = finder(after)
  for (const block of after) {
    const old = find(block.key)
    if (old === undefined || !sameValue(old, block)) changes.push({ key: block.key, before: old, after: block })
  }
  for (const block of before) {
    if (findAfter(block.key) === undefined) changes.push({ key: block.key, before: block, after: undefined })
  }
  return changes
}

/** Below so many properties, looking at each is faster than a map. */
const few = 16

function finder(blocks: readonly PropertyBlock[]): (key: number) => PropertyBlock | undefined {
  if (blocks.length < few) return (key) => blocks.find((block) => block.key === key)
  const byKey = new Map(blocks.map((block) => [block.key, block]))
  return (key) => byKey.get(key)
}
