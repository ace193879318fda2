import { type CommandReader, Undecodable } from './commandReader.ts'
import type { PropertyBlock } from './propertyBlock.ts'
import { recordFlags } from './recordFlags.ts'
import { readValueRecords } from './valueRecords.ts'

/** What a property record belongs to: an entity, or the rule of an index or a constraint. */
export interface PropertyOwner {
  kind: 'node' | 'relationship' | 'schema rule'
  /** Its record id; -1 where the record names none. */
  id: number
}

/** A property record, which holds up to four properties, before and after the transaction; no properties where it is not in use. */
export interface PropertyCommand {
  kind: 'property'
  id: number
  owner: PropertyOwner
  before: readonly PropertyBlock[]
  after: readonly PropertyBlock[]
}

/** Which of two images a command has. */
export type Images = 'both' | 'before' | 'after'

const nothing: readonly PropertyBlock[] = []
const mostBlocks = 4
const longestBlock = 32

/** Reads a command on a property record. */
export function readPropertyCommand(reader: CommandReader, images: Images): PropertyCommand {
  const id = reader.int64()
  const before = images === 'after' ? undefined : readImage(reader)
  const after = images === 'before' ? undefined : readImage(reader)
  const inUse = after?.blocks ? after : (before ?? after)
  return {
    kind: 'property',
    id,
    owner: { kind: ownerKind(inUse!.flags), id: inUse!.owner },
    before: before?.blocks ?? nothing,
    after: after?.blocks ?? nothing,
  }
}

interface PropertyImage {
  flags: number
  owner: number
  /** Undefined where the record is not in use. */
  blocks: readonly PropertyBlock[] | undefined
}

function readImage(reader: CommandReader): PropertyImage {
  const flags = reader.uint8()
  // Its neighbours in the chain.
  reader.skip(16)
  const owner = reader.int64()
  const count = reader.uint8()
  if (count > mostBlocks) throw new Undecodable(`a property record with ${count} properties`)
  const blocks: PropertyBlock[] = []
  for (let index = 0; index < count; index++) blocks.push(readBlock(reader))
  // Records of values that are no more.
  readValueRecords(reader)
  return { flags, owner, blocks: flags & recordFlags.inUse ? blocks : undefined }
}

function readBlock(reader: CommandReader): PropertyBlock {
  const size = reader.uint8()
  if (size === 0 || size > longestBlock || size % 8 !== 0) throw new Undecodable(`a property of ${size} bytes`)
  const { bytes, at } = reader
  reader.skip(size)
  const key = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
  return { key, type: bytes[at + 3]! & 0x0f, bytes, at, size, records: readValueRecords(reader) }
}

function ownerKind(flags: number): PropertyOwner['kind'] {
  if (flags & recordFlags.ownedByNode) return 'node'
  return flags & recordFlags.ownedByRelationship ? 'relationship' : 'schema rule'
}
