import { describe, expect, test } from 'vitest'
import { silent } from '../../../src/core/progress.ts'
import type { Criteria } from '../../../src/history/criteria.ts'
import { type LogReport, showLog, type ShowOptions } from '../../../src/history/showLog.ts'
import type { NewToken } from '../../../src/txlog/changes/transactionChanges.ts'
import {
  type BlockSpec,
  block,
  command,
  nodeImage,
  numberBlock,
  ownedByNode,
  ownedByRelationship,
  propertyImage,
  relationshipImage,
} from '../../support/commandBytes.ts'
import { firstCommit, memoryLog } from '../../support/memoryLog.ts'

const tokens: NewToken[] = [
  { of: 'label', id: 0, name: 'Person' },
  { of: 'label', id: 1, name: 'City' },
  { of: 'relationship type', id: 0, name: 'LIVES_IN' },
  { of: 'property key', id: 5, name: 'uuid' },
  { of: 'property key', id: 6, name: 'age' },
]
const person = nodeImage(1n << 36n)
const city = nodeImage((1n << 36n) | 1n)
const personAndCity = nodeImage((2n << 36n) | (1n << 18n))
const of = (id: number) => ({ flags: ownedByNode, id })
const ofRelationship = (id: number) => ({ flags: ownedByRelationship, id })
const property = (owner: { flags: number; id: number }, before: BlockSpec | undefined, after: BlockSpec | undefined) => {
  if (before && after) return command(2, 1, propertyImage(owner, [before]), propertyImage(owner, [after]))
  return before ? command(25, 1, propertyImage(owner, [before])) : command(24, 1, propertyImage(owner, [after!]))
}
const uuid = (text: string): BlockSpec =>
  block(5, 11, [[0, 5], [text.length, 6], ...[...Buffer.from(text)].map((byte) => [byte, 8] as const)], 32)

/** The life of two nodes and a relationship, in transactions 2 to 9. */
const history = [
  [command(22, 1, person), property(of(1), undefined, uuid('ada'))],
  [command(22, 2, city), property(of(2), undefined, uuid('brno'))],
  [command(26, 7, relationshipImage(1, 2, 0))],
  [property(of(1), undefined, numberBlock(6, 36))],
  [property(ofRelationship(7), undefined, numberBlock(6, 1))],
  [command(1, 1, person, personAndCity)],
  [command(27, 7, relationshipImage(1, 2, 0)), command(23, 1, personAndCity), property(of(1), uuid('ada'), undefined)],
  // The record number is used anew.
  [command(22, 1, city), property(of(1), undefined, uuid('wien'))],
]

async function show(criteria: Criteria = {}, options: Partial<ShowOptions> = {}, log = history) {
  return showLog(memoryLog(log, tokens), { criteria, limit: 100, details: false, progress: silent, ...options })
}
const ids = ({ transactions }: LogReport) => transactions.map(({ id }) => id)

test('all transactions are told, with what they touched', async () => {
  const report = await show()
  expect(report.transactions).toHaveLength(8)
  expect(report.read).toMatchObject({ transactions: 8, first: 2, last: 9, undecoded: 0 })
  expect(report.transactions[0]).toMatchObject({
    id: 2,
    committed: '2026-11-22T10:00:00.000Z',
    kernelVersion: 33,
    groups: [{ kind: 'node', operation: 'create', labels: ['Person'], count: 1 }],
  })
  expect(report.transactions[6]!.groups).toEqual([
    { kind: 'node', operation: 'delete', labels: ['Person', 'City'], count: 1 },
    { kind: 'relationship', operation: 'delete', type: 'LIVES_IN', count: 1 },
  ])
  expect(report.transactions[0]).not.toHaveProperty('changes')
  expect(report.transactions[0]).not.toHaveProperty('matching')
})

test('labels and type that a transaction does not name are those of an earlier one', async () => {
  const { transactions } = await show()
  expect(transactions[3]!.groups).toEqual([{ kind: 'node', operation: 'update', labels: ['Person'], count: 1 }])
  expect(transactions[4]!.groups).toEqual([{ kind: 'relationship', operation: 'update', type: 'LIVES_IN', count: 1 }])
  const unknown = await show({}, { details: true }, [history[3]!, history[4]!])
  expect(unknown.transactions.map(({ groups }) => groups[0])).toMatchObject([{ labels: null }, { type: null }])
  expect(unknown.transactions.map(({ changes }) => changes![0])).toMatchObject([{ labels: null }, { type: null, start: null }])
})

describe('filters', () => {
  test.each<[string, Criteria, number[]]>([
    ['ids', { fromId: 4, toId: 6 }, [4, 5, 6]],
    ['times, both inclusive', { since: firstCommit + 1000, until: firstCommit + 2000 }, [3, 4]],
    ['a label that a node has or had', { label: 'City' }, [3, 7, 8, 9]],
    ['a label, also where only a property changed', { label: 'Person' }, [2, 5, 7, 8]],
    ['a type, also where only a property changed', { type: 'LIVES_IN' }, [4, 6, 8]],
    ['a label or a type', { type: 'LIVES_IN', label: 'Person' }, [2, 4, 5, 6, 7, 8]],
    ['an operation', { operation: 'update' }, [5, 6, 7]],
    ['a label and an operation of the same node', { label: 'Person', operation: 'delete' }, [8]],
    ['a label and an operation that only another entity has', { label: 'City', operation: 'update' }, [7]],
    ['a node', { entity: { kind: 'node', id: 1 } }, [2, 5, 7, 8, 9]],
    ['a relationship', { entity: { kind: 'relationship', id: 7 } }, [4, 6, 8]],
    [
      'a property, and then whatever happens to its entity until its end',
      { entity: { property: 'uuid', value: 'ada' } },
      [2, 5, 7, 8],
    ],
    ['a property that is a number', { entity: { property: 'age', value: '36' } }, [5, 7, 8]],
    ['a property, from a transaction on', { entity: { property: 'uuid', value: 'ada' }, fromId: 5 }, [5, 7, 8]],
    ['what is nowhere', { label: 'Nobody' }, []],
    ['a property that is nowhere', { entity: { property: 'nothing', value: 'ada' } }, []],
  ])('%s', async (_, criteria, expected) => expect(ids(await show(criteria))).toEqual(expected))

  test('a property that changes is found before and after, and then no more', async () => {
    const log = [...history.slice(0, 1), [property(of(1), uuid('ada'), uuid('eva'))], history[3]!]
    expect(ids(await show({ entity: { property: 'uuid', value: 'ada' } }, {}, log))).toEqual([2, 3])
    expect(ids(await show({ entity: { property: 'uuid', value: 'eva' } }, {}, log))).toEqual([3, 4])
  })

  test('nothing is read behind the last transaction that is wanted', async () => {
    expect((await show({ toId: 4 })).read).toMatchObject({ transactions: 3, last: 4 })
  })

  test('only the changes that match are detailed', async () => {
    const [deleted] = (await show({ label: 'Person', operation: 'delete' }, { details: true })).transactions
    expect(deleted!.matching).toBe(1)
    expect(deleted!.changes).toEqual([
      {
        kind: 'node',
        id: 1,
        operation: 'delete',
        labels: ['Person', 'City'],
        labelsAdded: [],
        labelsRemoved: [],
        properties: { uuid: { before: { type: 'string', value: 'ada' }, after: null } },
      },
    ])
  })
})

test('details name labels that came and went, and properties before and after', async () => {
  const log = [[command(1, 1, personAndCity, person), property(of(1), numberBlock(6, 1), numberBlock(6, 2))]]
  expect((await show({}, { details: true }, log)).transactions[0]!.changes).toMatchObject([
    {
      operation: 'update',
      labels: ['Person'],
      labelsAdded: [],
      labelsRemoved: ['City'],
      properties: { age: { before: { type: 'integer', value: 1n }, after: { type: 'integer', value: 2n } } },
    },
  ])
})

test('values that nobody should see are hidden, and that they changed is not', async () => {
  const log = [[property(of(1), uuid('old'), uuid('new'))]]
  const report = await show({}, { details: true, hidden: ['uuid'] }, log)
  expect(report.transactions[0]!.changes![0]!.properties).toEqual({ uuid: { before: 'hidden', after: 'hidden' } })
})

test('the newest are kept, oldest first, and how many match is counted', async () => {
  const report = await show({}, { limit: 3 })
  expect(ids(report)).toEqual([7, 8, 9])
  expect(report.matched).toBe(8)
})

test('[log.commands] a transaction that does not decode is told whatever is asked for, as far as it goes, and so are those behind it', async () => {
  const log = [[command(22, 1, person), Buffer.from([33, 3, 99])], [command(22, 2, person)]]
  const report = await show({ label: 'City' }, { details: true }, log)
  expect(report.transactions).toMatchObject([{ id: 2, matching: 0, changes: [], undecoded: { commandType: 99 } }])
  expect(report.read.undecoded).toBe(1)
  expect(ids(await show({ label: 'Person' }, {}, log))).toEqual([2, 3])
})

test('behind a transaction that does not decode nothing is believed that was said before it', async () => {
  const log = [history[0]!, [Buffer.from([33, 3, 99])], history[3]!]
  expect((await show({}, {}, log)).transactions[2]!.groups).toMatchObject([{ labels: null }])
  expect(ids(await show({ entity: { property: 'uuid', value: 'ada' } }, {}, log))).toEqual([2, 3])
})

test('details have bounds, in one transaction and in all of them', async () => {
  const large = Array.from({ length: 100 }, (_, id) => command(22, id, person))
  const log = [[command(22, 200, person)], large, [command(22, 201, person)]]
  const { transactions } = await show({}, { details: true, detailedBytes: 1000 }, log)
  const told = transactions.map(({ changes, changesLeftOut }) => [changes?.length, changesLeftOut])
  const part = Math.ceil((100 * 1000) / transactions[1]!.size)
  expect(transactions[1]!.size).toBeGreaterThan(3000)
  expect(told).toEqual([
    [undefined, undefined],
    [undefined, 100 - part],
    [1, undefined],
  ])
  expect((await show({}, { details: true, detailedBytes: 1000 }, log.slice(0, 2))).transactions[1]!.changes).toHaveLength(part)
  expect((await show({}, { details: true }, log)).transactions.map(({ changes }) => changes!.length)).toEqual([1, 100, 1])
})

test('names that are nowhere are told, since they may be mistyped', async () => {
  const asked = await show({ label: 'person', type: 'LIVES_IN', entity: { property: 'uid', value: 'ada' } })
  expect(asked.unknownNames).toEqual(['label person', 'property key uid'])
  expect((await show()).unknownNames).toEqual([])
})
