import { describe, expect, test } from 'vitest'
import { labelDifference, type NodeChange } from '../../../src/txlog/changes/entityChanges.ts'
import { transactionChanges } from '../../../src/txlog/changes/transactionChanges.ts'
import { decodeTransaction } from '../../../src/txlog/commands/decodeTransaction.ts'
import { propertyValue } from '../../../src/txlog/commands/propertyValue.ts'
import {
  type BlockSpec,
  command,
  int32,
  nodeImage,
  numberBlock,
  ownedByNode,
  ownedByRelationship,
  propertyImage,
  recordedBlock,
  recordList,
  relationshipImage,
  transactionOf,
} from '../../support/commandBytes.ts'

const node9 = { flags: ownedByNode, id: 9 }
const relationship4 = { flags: ownedByRelationship, id: 4 }
const inUse = 1

function changesOf(...commands: Uint8Array[]) {
  const decoded = decodeTransaction(transactionOf(...commands).bytes)
  expect(decoded.stopped).toBeUndefined()
  return transactionChanges(decoded.commands)
}

/** A property record that held some properties and now holds others. */
function propertyRecord(owner: { flags: number; id: number }, before: BlockSpec[], after: BlockSpec[], id = 1): Buffer {
  if (before.length === 0) return command(24, id, propertyImage(owner, after))
  if (after.length === 0) return command(25, id, propertyImage(owner, before))
  return command(2, id, propertyImage(owner, before), propertyImage(owner, after))
}

function shown({ properties }: Pick<NodeChange, 'properties'>): Record<string, unknown[]> {
  return Object.fromEntries(
    properties.map(({ key, before, after }) => [
      key,
      [before && propertyValue(before)?.value, after && propertyValue(after)?.value],
    ]),
  )
}

/** A field with these labels, in as many bits each as there are for so many. */
function labelField(...labels: number[]): bigint {
  const width = BigInt(Math.floor(36 / Math.max(1, labels.length)))
  return labels.reduce((field, label, index) => field | (BigInt(label) << (BigInt(index) * width)), BigInt(labels.length) << 36n)
}

const recordedField = (1n << 39n) | 12n
const recordedLabels = (...labels: number[]) => [Buffer.from([6, 8, 8, 9, ...labels])]

describe('labels of a node', () => {
  test.each([[[]], [[3]], [[2 ** 31]], [[1, 2]], [[0, 1, 2, 3, 4, 30, 31]]])('in its record: %j', (labels) => {
    const { nodes } = changesOf(command(22, 9, nodeImage(labelField(...labels))))
    expect(nodes).toMatchObject([{ id: 9, operation: 'create', labelsBefore: [], labelsAfter: labels }])
  })

  test('in records of their own', () => {
    const labels = [1, 2, 3, 4, 5, 6, 7, 200]
    const { nodes } = changesOf(command(23, 9, nodeImage(recordedField, recordedLabels(...labels))))
    expect(nodes).toMatchObject([{ operation: 'delete', labelsBefore: labels, labelsAfter: [] }])
  })

  test('come and go, also from its record to records of their own', () => {
    const after = nodeImage(recordedField, recordedLabels(1, 4, 5, 6, 7, 8, 9, 10))
    const [change] = changesOf(command(1, 9, nodeImage(labelField(1, 2)), after)).nodes
    expect(labelDifference(change!)).toEqual({ added: [4, 5, 6, 7, 8, 9, 10], removed: [2] })
  })

  test('are not known where the log leaves them out, and then did not change', () => {
    const left = nodeImage(recordedField)
    expect(changesOf(command(1, 9, left, left)).nodes).toEqual([])
    const [change] = changesOf(command(1, 9, left, left), propertyRecord(node9, [], [numberBlock(5, 1)])).nodes
    expect(change).toMatchObject({ operation: 'update', labelsBefore: undefined, labelsAfter: undefined })
    expect(labelDifference(change!)).toEqual({ added: [], removed: [] })
  })

  test('that were left out before and are not now are not guessed', () => {
    const [change] = changesOf(command(1, 9, nodeImage(recordedField), nodeImage(labelField(1)))).nodes
    expect(change).toMatchObject({ labelsBefore: undefined, labelsAfter: [1] })
    expect(labelDifference(change!)).toBeUndefined()
  })
})

describe('properties of an entity', () => {
  test('are compared over all of its records, since they move', () => {
    const { nodes } = changesOf(
      propertyRecord(node9, [numberBlock(1, 10), numberBlock(2, 20), numberBlock(3, 30)], [numberBlock(2, 20)], 1),
      propertyRecord(node9, [], [numberBlock(3, 31), numberBlock(1, 10), numberBlock(4, 40)], 2),
    )
    expect(nodes).toMatchObject([{ id: 9, operation: 'update', labelsBefore: undefined }])
    expect(shown(nodes[0]!)).toEqual({ 3: [30n, 31n], 4: [undefined, 40n] })
  })

  test('that only moved are no change', () => {
    const text = Buffer.from('a long text')
    const blocks = [numberBlock(1, 10), recordedBlock(2, 9, 70, text)]
    expect(
      changesOf(propertyRecord(node9, blocks, [], 1), propertyRecord(node9, [], [recordedBlock(2, 9, 71, text), blocks[0]!], 2)),
    ).toEqual({ nodes: [], relationships: [], tokens: [], schema: [] })
  })

  test('whose value the log leaves out did not change', () => {
    const left = recordedBlock(2, 10, 70)
    const { nodes } = changesOf(propertyRecord(node9, [left, numberBlock(1, 1)], [left, numberBlock(1, 2)]))
    expect(shown(nodes[0]!)).toEqual({ 1: [1n, 2n] })
  })

  test('that changed from one long text to another', () => {
    const [before, after] = ['one', 'two'].map((text) => recordedBlock(2, 9, 70, Buffer.from(text)))
    expect(shown(changesOf(propertyRecord(node9, [before!], [after!])).nodes[0]!)).toEqual({ 2: ['one', 'two'] })
  })

  test('are told of what was created and of what was deleted', () => {
    const created = changesOf(command(22, 9, nodeImage(0n)), propertyRecord(node9, [], [numberBlock(1, 10)]))
    expect(created.nodes).toMatchObject([{ operation: 'create', properties: [{ key: 1, before: undefined }] }])
    const deleted = changesOf(propertyRecord(node9, [numberBlock(1, 10)], []), command(23, 9, nodeImage(0n)))
    expect(deleted.nodes).toMatchObject([{ operation: 'delete', properties: [{ key: 1, after: undefined }] }])
  })

  test('of relationships are theirs, and those of rules of the schema nobody’s', () => {
    const { nodes, relationships } = changesOf(
      propertyRecord(relationship4, [numberBlock(1, 10)], [numberBlock(1, 11)], 1),
      propertyRecord({ flags: 0, id: 4 }, [numberBlock(1, 10)], [numberBlock(1, 12)], 2),
    )
    expect(nodes).toEqual([])
    expect(relationships).toMatchObject([{ id: 4, operation: 'update', place: undefined }])
    expect(shown(relationships[0]!)).toEqual({ 1: [10n, 11n] })
  })
})

test('what older kernel versions write, both images with one not in use, is a creation or a deletion', () => {
  const gone = nodeImage(0n, [], 0)
  expect(
    changesOf(command(1, 9, gone, nodeImage(labelField(3))), command(1, 8, nodeImage(labelField(2)), gone)).nodes,
  ).toMatchObject([
    { id: 9, operation: 'create', labelsAfter: [3] },
    { id: 8, operation: 'delete', labelsBefore: [2] },
  ])
  expect(changesOf(command(1, 9, gone, gone)).nodes).toEqual([])
  const owner = node9
  const { nodes } = changesOf(
    command(2, 1, propertyImage(owner, [numberBlock(1, 10)]), propertyImage({ flags: 0, id: -1 }, [], 0)),
  )
  expect(nodes).toMatchObject([{ id: 9, properties: [{ key: 1, after: undefined }] }])
})

test('a relationship that was only given another neighbour did not change', () => {
  const linked = command(3, 4, relationshipImage(1, 2, 0, 5), relationshipImage(1, 2, 0, 6))
  expect(changesOf(linked).relationships).toEqual([])
  const { relationships } = changesOf(linked, propertyRecord(relationship4, [], [numberBlock(1, 10)]))
  expect(relationships).toMatchObject([{ operation: 'update', place: { type: 0, start: 1, end: 2 } }])
})

test('relationships are created and deleted with their place', () => {
  const { relationships } = changesOf(command(26, 4, relationshipImage(1, 2, 3)), command(27, 5, relationshipImage(2, 2, 0)))
  expect(relationships).toMatchObject([
    { id: 4, operation: 'create', place: { type: 3, start: 1, end: 2 } },
    { id: 5, operation: 'delete', place: { type: 0, start: 2, end: 2 } },
  ])
})

test('a second unit of a record, which the formats of today do not write, is passed over', () => {
  const flags = inUse | 0x08
  const withUnit = Buffer.concat([
    Buffer.from([flags, 0]),
    nodeImage(labelField(3)).subarray(2, 26),
    Buffer.alloc(8),
    recordList(),
  ])
  expect(changesOf(command(22, 9, withUnit), command(22, 10, nodeImage(0n))).nodes).toMatchObject([
    { labelsAfter: [3] },
    { id: 10 },
  ])
})

test('tokens get a name', () => {
  const name = 'a name that is longer than one record'
  const image = (flags: number, parts: string[]) =>
    Buffer.concat([Buffer.from([flags]), int32(12), recordList(parts.map((part) => Buffer.from(part)))])
  const key = Buffer.concat([
    Buffer.from([33, 3, 5]),
    int32(6),
    ...[0, inUse].map((flags) =>
      Buffer.concat([image(flags, []).subarray(0, 1), int32(0), image(flags, flags ? ['key'] : []).subarray(1)]),
    ),
  ])
  const label = Buffer.concat([
    Buffer.from([33, 3, 8]),
    int32(5),
    image(0, []),
    image(inUse, [name.slice(0, 30), name.slice(30)]),
  ])
  expect(changesOf(label, key).tokens).toEqual([
    { of: 'label', id: 5, name },
    { of: 'property key', id: 6, name: 'key' },
  ])
})
