import { type CommandReader, Undecodable } from './commandReader.ts'
import { recordFlags } from './recordFlags.ts'

/** A value in the description of an index or a constraint. */
export type SchemaValue = boolean | number | bigint | string | SchemaValue[]

/** The rule of an index or a constraint before and after the transaction. */
export interface SchemaCommand {
  kind: 'schema'
  id: number
  /** Whether there is such a rule. */
  before: boolean
  after: boolean
  /** What the rule says, by the names Neo4j gives it without their common beginning, such as `name`; undefined where the command does not say. */
  rule: Readonly<Record<string, SchemaValue>> | undefined
}

const keyPrefix = '__org.neo4j.SchemaRule.'

/** Reads a command on a rule of the schema. */
export function readSchemaCommand(reader: CommandReader): SchemaCommand {
  const id = reader.int64()
  const hasRule = reader.uint8() === 1
  const before = readImage(reader)
  const after = readImage(reader)
  return { kind: 'schema', id, before, after, rule: hasRule ? readRule(reader) : undefined }
}

function readImage(reader: CommandReader): boolean {
  const inUse = (reader.uint8() & recordFlags.inUse) !== 0
  // Whether it is a constraint, and the first of its property records.
  if (inUse) reader.skip(9)
  return inUse
}

function readRule(reader: CommandReader): Record<string, SchemaValue> {
  const entries: [string, SchemaValue][] = []
  for (let left = reader.count(5); left > 0; left--) {
    const key = reader.lengthAndBytes().toString('utf8')
    entries.push([key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : key, readValue(reader, reader.uint8())])
  }
  return Object.fromEntries(entries)
}

const arrayType = 11

function readValue(reader: CommandReader, type: number): SchemaValue {
  if (type !== arrayType) return readSingle(reader, type)
  const count = reader.count(1)
  const elements = reader.uint8()
  return Array.from({ length: count }, () => (elements === 2 ? reader.uint8() === 0 : readSingle(reader, elements)))
}

function readSingle(reader: CommandReader, type: number): SchemaValue {
  switch (type) {
    case 0:
    case 1:
      return type === 0
    case 3:
      return (reader.uint8() << 24) >> 24
    case 4:
      return ((reader.uint8() | (reader.uint8() << 8)) << 16) >> 16
    case 5:
      return reader.int32()
    case 6:
      return reader.bigInt64()
    case 7:
      return reader.float32()
    case 8:
      return reader.float64()
    case 9:
      return reader.lengthAndBytes().toString('utf8')
    case 10:
      return String.fromCharCode(reader.int32() & 0xffff)
    default:
      throw new Undecodable(`a value of type ${type} in a rule of the schema`)
  }
}
