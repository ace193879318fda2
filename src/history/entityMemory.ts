import type { NodeChange, RelationshipChange } from '../txlog/changes/entityChanges.ts'
import type { TransactionChanges } from '../txlog/changes/transactionChanges.ts'
import { RecentMap } from './recentMap.ts'

/** How many nodes, and how many relationships, are remembered: those that changed last. */
export const entitiesRemembered = 100_000

type Place = NonNullable<RelationshipChange['place']>

/**
 * What earlier transactions said of entities, for those that say only part: a transaction that changes nothing but a property names neither
 * labels nor type. It forgets the entities that have not changed for longest, so it is a help and no proof.
 */
export class EntityMemory {
  readonly #labels = new RecentMap<number, readonly number[]>(entitiesRemembered)
  readonly #places = new RecentMap<number, Place>(entitiesRemembered)

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
    for (const { id, labelsBefore, labelsAfter, operation } of nodes) {
      if (labelsAfter && operation !== 'delete') this.#labels.set(id, labelsAfter)
      else if (labelsBefore) this.#labels.delete(id)
    }
    for (const { id, operation, place } of relationships) {
      if (operation === 'delete') this.#places.delete(id)
      else if (place) this.#places.set(id, place)
    }
  }

  /** Forgets everything, since a transaction did what nobody knows. */
  forget(): void {
    this.#labels.clear()
    this.#places.clear()
  }
}
