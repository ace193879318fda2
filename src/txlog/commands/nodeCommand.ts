import { type CommandReader, Undecodable } from './commandReader.ts'
import { readIntegers } from './numberArray.ts'
import { recordFlags, readSecondaryUnit } from './recordFlags.ts'
import { joined, readValueRecords } from './valueRecords.ts'

/** What a node's record holds. */
export interface NodeImage {
  /** Ids of its labels, in ascending order; undefined where they are in records of their own that the command does not repeat. */
  labels: readonly number[] | undefined
  /** The field that holds the labels or says where they are: the same field in two images, one of them without labels, means the same labels. */
  labelField: number
  /** The first of its property records; -1 where there is none. */
  nextProperty: number
}

/** A node's record before and after the transaction; undefined where there is no such node. */
export interface NodeCommand {
  kind: 'node'
  id: number
  before: NodeImage | undefined
  after: NodeImage | undefined
}

/** Set in the field when the labels are in records of their own. */
const elsewhere = 2 ** 39
const labelBits = 36
const mostInline = 7

/** Reads the image of a node's record; undefined when it is not in use. */
export function readNodeImage(reader: CommandReader): NodeImage | undefined {
  const flags = reader.uint8()
  if ((flags & recordFlags.inUse) === 0) {
    readSecondaryUnit(reader, flags)
    readValueRecords(reader)
    return undefined
  }
  // Whether it is dense, and its first relationship or group.
  reader.skip(9)
  const nextProperty = reader.int64()
  const labelField = reader.int64()
  readSecondaryUnit(reader, flags)
  const records = readValueRecords(reader)
  if (labelField < elsewhere) return { labels: inlineLabels(labelField), labelField, nextProperty }
  return { labels: records.length === 0 ? undefined : recordedLabels(records), labelField, nextProperty }
}

const noLabels: readonly number[] = []

/** Up to seven labels share 36 bits. */
function inlineLabels(field: number): readonly number[] {
  const count = Math.floor(field / 2 ** labelBits)
  if (!(count > 0 && count <= mostInline)) return noLabels
  const labels: number[] = []
  const size = 2 ** Math.floor(labelBits / count)
  let rest = field % 2 ** labelBits
  for (let index = 0; index < count; index++) {
    labels.push(rest % size)
    rest = Math.floor(rest / size)
  }
  return labels
}

/** An array of the node's id and its labels'. */
function recordedLabels(records: readonly Buffer[]): readonly number[] {
  const numbers = readIntegers(joined(records))
  if (!numbers) throw new Undecodable('labels that are no list of numbers')
  return numbers.slice(1).map(Number)
}
