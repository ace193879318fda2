import { type CommandReader } from './commandReader.ts'
import { recordFlags, readSecondaryUnit } from './recordFlags.ts'

/** What a relationship's record holds, without its place in the chains of its nodes. */
export interface RelationshipImage {
  /** Record ids of its nodes. */
  start: number
  end: number
  /** Id of its type. */
  type: number
  /** The first of its property records; -1 where there is none. */
  nextProperty: number
}

/**
 * A relationship's record before and after the transaction; undefined where there is no such relationship. With both the same it was
 * only linked to another neighbour in the chains of its nodes.
 */
export interface RelationshipCommand {
  kind: 'relationship'
  id: number
  before: RelationshipImage | undefined
  after: RelationshipImage | undefined
}

/** Reads the image of a relationship's record; undefined when it is not in use. */
export function readRelationshipImage(reader: CommandReader): RelationshipImage | undefined {
  const flags = reader.uint8()
  if ((flags & recordFlags.inUse) === 0) {
    reader.skip(4)
    readSecondaryUnit(reader, flags)
    return undefined
  }
  const start = reader.int64()
  const end = reader.int64()
  const type = reader.int32()
  // Its neighbours in both chains.
  reader.skip(32)
  const nextProperty = reader.int64()
  // Whether it is the first in a chain.
  reader.skip(1)
  readSecondaryUnit(reader, flags)
  return { start, end, type, nextProperty }
}
