import { type CommandReader } from './commandReader.ts'
import { readSecondaryUnit } from './recordFlags.ts'

/** A record that gathers the relationships of one type of a node that has many. It says nothing that other commands do not. */
export interface RelationshipGroupCommand {
  kind: 'relationship group'
  id: number
}

/** How many more relationships there are from nodes of one label, of one type, to nodes of another; -1 stands for any. */
export interface RelationshipCountCommand {
  kind: 'relationship count'
  startLabel: number
  type: number
  endLabel: number
  delta: bigint
}

/** How many more nodes there are with a label; -1 stands for any. */
export interface NodeCountCommand {
  kind: 'node count'
  label: number
  delta: bigint
}

/** How many more relationships a group has in one direction. */
export interface DegreeCommand {
  kind: 'degree'
  /** Group and direction. */
  key: bigint
  delta: bigint
}

/** A field of the store's own record, before and after. */
export interface MetadataCommand {
  kind: 'metadata'
  /** Which field. */
  id: number
  before: bigint
  after: bigint
}

/** Reads a command on a group of relationships. */
export function readRelationshipGroup(reader: CommandReader): RelationshipGroupCommand {
  const id = reader.int64()
  for (let image = 0; image < 2; image++) {
    const flags = reader.uint8()
    // Type, the next group, the first relationship in each direction, the node, and where the degrees are.
    reader.skip(45)
    readSecondaryUnit(reader, flags)
  }
  return { kind: 'relationship group', id }
}

/** Reads a change of a count of relationships. */
export function readRelationshipCount(reader: CommandReader): RelationshipCountCommand {
  const [startLabel, type, endLabel] = [reader.int32(), reader.int32(), reader.int32()]
  return { kind: 'relationship count', startLabel, type, endLabel, delta: reader.bigInt64() }
}

/** Reads a change of a count of nodes. */
export function readNodeCount(reader: CommandReader): NodeCountCommand {
  return { kind: 'node count', label: reader.int32(), delta: reader.bigInt64() }
}

/** Reads a change of a degree. */
export function readDegree(reader: CommandReader): DegreeCommand {
  return { kind: 'degree', key: reader.bigInt64(), delta: reader.bigInt64() }
}

/** Reads a change of a field of the store's own record. */
export function readMetadata(reader: CommandReader): MetadataCommand {
  const id = reader.int64()
  const value = (): bigint => {
    reader.skip(1)
    return reader.bigInt64()
  }
  return { kind: 'metadata', id, before: value(), after: value() }
}
