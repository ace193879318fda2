import type { NodeChange, RelationshipChange } from '../txlog/changes/entityChanges.ts'
import type { TransactionChanges } from '../txlog/changes/transactionChanges.ts'

/** How many nodes, and how many relationships, are remembered: those that changed last. */
const entitiesRemembered = 100_000

type Place = NonNullable<RelationshipChange['place']>

/**
 * What earlier transactions said of entities, for those that say only part: a transaction that changes nothing but a property names neither
 * labels nor type. It forgets the entities that have not changed for longest, so it is a help and no proof.
 */
export class EntityMemory {
  readonly #labels = new Map<number, readonly number[]>()
  readonly #places = new Map<number, Place>()

  /** The labels that a node has after a change, or had before its deletion; undefined where nobody has said so. */
  labelsOf({ id, operation, labelsBefore, labelsAfter }: NodeChange): readonly number[] | undefined {
    if (operation === 'delete') return labelsBefore
    return labelsAfter ?? this.#labels.get(id)
  }

  /** Where a relationship is; undefined where nobody has said so. */
  placeOf({ id, place }: RelationshipChange): Place | undefined {
    return place ?? this.#places.get(id)
  }

  /** Takes in what a transaction did, after it has been asked about it. */
  remember({ nodes, relationships }: TransactionChanges): void {
    for (const { id, operation, labelsAfter } of nodes) {
      if (operation === 'delete') this.#labels.delete(id)
      else if (labelsAfter) keep(this.#labels, id, labelsAfter)
    }
    for (const { id, operation, place } of relationships) {
      if (operation === 'delete') this.#places.delete(id)
      else if (place) keep(this.#places, id, place)
    }
  }
}

function keep<Value>(map: Map<number, Value>, id: number, value: Value): void {
  // A map keeps the order in which keys came, so the first is the one to forget.
  map.delete(id)
  map.set(id, value)
  if (map.size > entitiesRemembered) map.delete(map.keys().next().value!)
}
