import type { EntityChange } from '../../src/history/criteria.ts'
import { TokenNames } from '../../src/txlog/changes/tokenNames.ts'
import { transactionChanges } from '../../src/txlog/changes/transactionChanges.ts'
import { decodeTransaction } from '../../src/txlog/commands/decodeTransaction.ts'
import type { PropertyBlock } from '../../src/txlog/commands/propertyBlock.ts'
import { propertyValue } from '../../src/txlog/commands/propertyValue.ts'
import { decodedText } from './decodedText.ts'

export interface ReplayedNode {
  labels: string[]
  /** Each value as {@link decodedText} has it. */
  properties: Map<string, string>
}

export interface ReplayedRelationship {
  type: string
  start: number
  end: number
  properties: Map<string, string>
}

/**
 * The graph as a log says it, transaction by transaction from the first on. It believes nothing: what a transaction says was there before
 * must be what was there, and what it creates must not be there yet.
 */
export class LogReplay {
  readonly nodes = new Map<number, ReplayedNode>()
  readonly relationships = new Map<number, ReplayedRelationship>()
  readonly names = new TokenNames()
  transactions = 0
  /** Values that were compared with what was there before. */
  checked = 0

  /** @throws Error where the transaction does not fit what is there. */
  apply(id: number, bytes: Buffer): void {
    const { commands, stopped } = decodeTransaction(bytes)
    if (stopped) throw new Error(`transaction ${id} was not decoded: ${JSON.stringify(stopped)}`)
    const { nodes, relationships, tokens } = transactionChanges(commands)
    for (const token of tokens) this.names.add(token)
    for (const change of [...nodes, ...relationships]) {
      try {
        this.#apply(change)
      } catch (error) {
        throw new Error(`transaction ${id}, ${change.operation} ${change.kind} ${change.id}: ${String(error)}`, { cause: error })
      }
    }
    this.transactions++
  }

  #apply(change: EntityChange): void {
    const { id, operation } = change
    const entities: Map<number, { properties: Map<string, string> }> = change.kind === 'node' ? this.nodes : this.relationships
    if (entities.has(id) === (operation === 'create')) throw new Error(operation === 'create' ? 'it is there' : 'it is not there')
    if (operation === 'create') this.#create(change)
    if (change.kind === 'node') this.#checkAndSetLabels(change)
    else if (change.place) this.#checkPlace(id, change.place)
    const { properties } = entities.get(id)!
    for (const { key, before, after } of change.properties) {
      const name = this.names.name('property key', key)
      this.#equal(name, textOf(before), properties.get(name))
      if (after) properties.set(name, textOf(after)!)
      else properties.delete(name)
    }
    if (operation !== 'delete') return
    this.#equal('properties', '', [...properties.keys()].join())
    entities.delete(id)
  }

  #create(change: EntityChange): void {
    if (change.kind === 'node') this.nodes.set(change.id, { labels: [], properties: new Map() })
    else {
      const { type, start, end } = change.place!
      const name = this.names.name('relationship type', type)
      this.relationships.set(change.id, { type: name, start, end, properties: new Map() })
    }
  }

  #checkAndSetLabels({ id, operation, labelsBefore, labelsAfter }: EntityChange & { kind: 'node' }): void {
    const node = this.nodes.get(id)!
    const named = (labels: readonly number[]) => labels.map((label) => this.names.name('label', label)).toSorted()
    if (labelsBefore && operation !== 'create') this.#equal('labels', named(labelsBefore).join(), node.labels.join())
    if (labelsAfter && operation !== 'delete') node.labels = named(labelsAfter)
  }

  #checkPlace(id: number, place: { type: number; start: number; end: number }): void {
    const { type, start, end } = this.relationships.get(id)!
    const said = `${this.names.name('relationship type', place.type)} from ${place.start} to ${place.end}`
    this.#equal('place', said, `${type} from ${start} to ${end}`)
  }

  #equal(what: string, said: string | undefined, present: string | undefined): void {
    this.checked++
    if (said !== present) throw new Error(`${what} is said to have been ${said}, and was ${present}`)
  }
}

function textOf(block: PropertyBlock | undefined): string | undefined {
  const value = block && propertyValue(block)
  if (block && !value) throw new Error(`the value of key ${block.key} is left out`)
  return value && decodedText(value)
}
