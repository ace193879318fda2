import type { Command } from '../commands/command.ts'
import type { NodeCommand } from '../commands/nodeCommand.ts'
import type { RelationshipCommand } from '../commands/relationshipCommand.ts'
import type { SchemaValue } from '../commands/schemaCommand.ts'
import type { TokenKind } from '../commands/tokenCommand.ts'
import { type NodeChange, nodeChange, type Operation, type RelationshipChange, relationshipChange } from './entityChanges.ts'
import { addProperties, type OwnedProperties } from './propertyChanges.ts'

/** A name that got its number. */
export interface NewToken {
  of: TokenKind
  id: number
  name: string
}

/** An index or a constraint that came, changed or went. */
export interface SchemaChange {
  id: number
  operation: Operation
  /** As in the command. */
  rule: Readonly<Record<string, SchemaValue>> | undefined
}

/** What a transaction did that a user could see. Neither the order of entities nor that of properties means anything. */
export interface TransactionChanges {
  nodes: NodeChange[]
  relationships: RelationshipChange[]
  tokens: NewToken[]
  schema: SchemaChange[]
}

interface Touched<EntityCommand> {
  command: EntityCommand | undefined
  owned: OwnedProperties | undefined
}

/** Works out what the commands of one transaction, in any order, did to each entity. */
export function transactionChanges(commands: readonly Command[]): TransactionChanges {
  const nodes = new Map<number, Touched<NodeCommand>>()
  const relationships = new Map<number, Touched<RelationshipCommand>>()
  const changes: TransactionChanges = { nodes: [], relationships: [], tokens: [], schema: [] }
  for (const command of commands) {
    switch (command.kind) {
      case 'node':
        touched(nodes, command.id).command = command
        break
      case 'relationship':
        touched(relationships, command.id).command = command
        break
      case 'property': {
        const { kind, id } = command.owner
        if (kind === 'schema rule') break
        const entity = kind === 'node' ? touched(nodes, id) : touched(relationships, id)
        entity.owned = addProperties(entity.owned, command)
        break
      }
      case 'token': {
        const { of, id, before, after } = command
        if (before === undefined && after !== undefined) changes.tokens.push({ of, id, name: after })
        break
      }
      case 'schema': {
        const { id, before, after, rule } = command
        if (before || after) changes.schema.push({ id, operation: after ? (before ? 'update' : 'create') : 'delete', rule })
        break
      }
      case 'relationship group':
      case 'relationship count':
      case 'node count':
      case 'degree':
      case 'metadata':
        // They follow from the others, or concern nobody who uses the graph.
        break
    }
  }
  for (const [id, { command, owned }] of nodes) {
    const change = nodeChange(id, command, owned)
    if (change) changes.nodes.push(change)
  }
  for (const [id, { command, owned }] of relationships) {
    const change = relationshipChange(id, command, owned)
    if (change) changes.relationships.push(change)
  }
  return changes
}

function touched<EntityCommand>(entities: Map<number, Touched<EntityCommand>>, id: number): Touched<EntityCommand> {
  const known = entities.get(id)
  if (known) return known
  const entity: Touched<EntityCommand> = { command: undefined, owned: undefined }
  entities.set(id, entity)
  return entity
}
