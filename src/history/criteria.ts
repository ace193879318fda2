import type { NodeChange, Operation, RelationshipChange } from '../txlog/changes/entityChanges.ts'
import type { PropertyChange } from '../txlog/changes/propertyChanges.ts'
import type { TokenNames } from '../txlog/changes/tokenNames.ts'
import type { TransactionChanges } from '../txlog/changes/transactionChanges.ts'
import { propertyValue } from '../txlog/commands/propertyValue.ts'
import type { Transaction } from '../txlog/transaction.ts'
import { entitiesRemembered, type EntityMemory } from './entityMemory.ts'
import { RecentMap } from './recentMap.ts'
import { searchText } from './shownValue.ts'

/** A change of an entity. */
export type EntityChange = NodeChange | RelationshipChange

/** The entity that is looked for: by its record id, or by a property and its value, written as text. */
export type WantedEntity = { kind: EntityChange['kind']; id: number } | { property: string; value: string }

/** Which transactions are wanted. */
export interface Criteria {
  /** Milliseconds since 1970, both inclusive. */
  since?: number | undefined
  until?: number | undefined
  /** Ids, both inclusive. */
  fromId?: number | undefined
  toId?: number | undefined
  /** With both, a node of the label or a relationship of the type. */
  label?: string | undefined
  type?: string | undefined
  operation?: Operation | undefined
  entity?: WantedEntity | undefined
}

/** Whether a transaction is wanted as far as its id and time are concerned. */
export function isInRange({ id, commitTime }: Transaction, criteria: Criteria): boolean {
  const { since = -Infinity, until = Infinity, fromId = 0, toId = Infinity } = criteria
  return id >= fromId && id <= toId && commitTime >= since && commitTime <= until
}

/** Whether the criteria ask for certain changes of entities, and not only for certain transactions. */
export function asksForChanges({ label, type, operation, entity }: Criteria): boolean {
  return label !== undefined || type !== undefined || operation !== undefined || entity !== undefined
}

/** What is known of entities and names beside the transaction that is looked at. */
export interface Known {
  names: TokenNames
  memory: EntityMemory
}

/** Finds the changes that are wanted. It must be shown every transaction of a log in order, since it learns what it looks for. */
export class ChangeMatcher {
  readonly #criteria: Criteria
  readonly #known: Known
  /** Entities that had the wanted property, such as `node 7`: their later changes need not repeat it. */
  readonly #found = new RecentMap<string, true>(entitiesRemembered)

  constructor(criteria: Criteria, known: Known) {
    this.#criteria = criteria
    this.#known = known
  }

  /** The changes of a transaction for which every criterion holds. */
  matching({ nodes, relationships }: TransactionChanges): EntityChange[] {
    const found: EntityChange[] = []
    for (const change of nodes) if (this.#matches(change)) found.push(change)
    for (const change of relationships) if (this.#matches(change)) found.push(change)
    return found
  }

  /** Forgets what it has learnt, since a transaction did what nobody knows. */
  forget(): void {
    this.#found.clear()
  }

  #matches(change: EntityChange): boolean {
    // Asked first and always, because it learns.
    const isEntity = this.#isWanted(change)
    const { operation } = this.#criteria
    return isEntity && (operation === undefined || change.operation === operation) && this.#hasToken(change)
  }

  #hasToken(change: EntityChange): boolean {
    const { label, type } = this.#criteria
    if (label === undefined && type === undefined) return true
    const { names, memory } = this.#known
    if (change.kind === 'relationship') {
      const place = memory.placeOf(change)
      return type !== undefined && place !== undefined && names.name('relationship type', place.type) === type
    }
    if (label === undefined) return false
    const isWanted = (id: number): boolean => names.name('label', id) === label
    return (change.labelsBefore?.some(isWanted) || memory.labelsOf(change)?.some(isWanted)) ?? false
  }

  #isWanted(change: EntityChange): boolean {
    const { entity } = this.#criteria
    if (entity === undefined) return true
    if ('kind' in entity) return change.kind === entity.kind && change.id === entity.id
    const key = `${change.kind} ${change.id}`
    const property = change.properties.find(({ key: id }) => this.#known.names.name('property key', id) === entity.property)
    const [had, has] = [holds(property?.before, entity.value), holds(property?.after, entity.value)]
    const matches = had || has || (this.#found.get(key) === true && change.operation !== 'create')
    if (change.operation === 'delete' || (property && !has)) this.#found.delete(key)
    else if (has) this.#found.set(key, true)
    return matches
  }
}

function holds(block: PropertyChange['before'], text: string): boolean {
  const value = block && propertyValue(block)
  return value !== undefined && searchText(value) === text
}
