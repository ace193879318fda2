import { type CommandReader } from './commandReader.ts'
import {
  type DegreeCommand,
  type MetadataCommand,
  type NodeCountCommand,
  readDegree,
  readMetadata,
  readNodeCount,
  readRelationshipCount,
  readRelationshipGroup,
  type RelationshipCountCommand,
  type RelationshipGroupCommand,
} from './derivedCommand.ts'
import { type NodeCommand, readNodeImage } from './nodeCommand.ts'
import { type Images, type PropertyCommand, readPropertyCommand } from './propertyCommand.ts'
import { readRelationshipImage, type RelationshipCommand } from './relationshipCommand.ts'
import { readSchemaCommand, type SchemaCommand } from './schemaCommand.ts'
import { readTokenCommand, type TokenCommand } from './tokenCommand.ts'

/** A command of a transaction: what becomes of one record, or of one count. */
export type Command =
  | NodeCommand
  | RelationshipCommand
  | PropertyCommand
  | TokenCommand
  | SchemaCommand
  | RelationshipGroupCommand
  | RelationshipCountCommand
  | NodeCountCommand
  | DegreeCommand
  | MetadataCommand

/** Reads the body of a command; undefined for a type that is not known. Throws what the reader throws. */
export function readCommand(reader: CommandReader, type: number): Command | undefined {
  switch (type) {
    case 1:
      return readNode(reader, 'both')
    case 2:
      return readPropertyCommand(reader, 'both')
    case 3:
      return readRelationship(reader, 'both')
    case 4:
      return readTokenCommand(reader, 'relationship type')
    case 5:
      return readTokenCommand(reader, 'property key')
    case 8:
      return readTokenCommand(reader, 'label')
    case 9:
      return readRelationshipGroup(reader)
    case 16:
      return readRelationshipCount(reader)
    case 17:
      return readNodeCount(reader)
    case 18:
      return readSchemaCommand(reader)
    case 19:
      return readMetadata(reader)
    case 20:
      return readDegree(reader)
    // What is created has nothing before, what is deleted nothing after.
    case 22:
      return readNode(reader, 'after')
    case 23:
      return readNode(reader, 'before')
    case 24:
      return readPropertyCommand(reader, 'after')
    case 25:
      return readPropertyCommand(reader, 'before')
    case 26:
      return readRelationship(reader, 'after')
    case 27:
      return readRelationship(reader, 'before')
    default:
      return undefined
  }
}

function readNode(reader: CommandReader, images: Images): NodeCommand {
  const id = reader.int64()
  const before = images === 'after' ? undefined : readNodeImage(reader)
  const after = images === 'before' ? undefined : readNodeImage(reader)
  return { kind: 'node', id, before, after }
}

function readRelationship(reader: CommandReader, images: Images): RelationshipCommand {
  const id = reader.int64()
  const before = images === 'after' ? undefined : readRelationshipImage(reader)
  const after = images === 'before' ? undefined : readRelationshipImage(reader)
  return { kind: 'relationship', id, before, after }
}
