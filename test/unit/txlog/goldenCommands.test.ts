import { describe, expect, test } from 'vitest'
import { transactionChanges, type TransactionChanges } from '../../../src/txlog/changes/transactionChanges.ts'
import type { Command } from '../../../src/txlog/commands/command.ts'
import { decodeTransaction } from '../../../src/txlog/commands/decodeTransaction.ts'
import { propertyValue } from '../../../src/txlog/commands/propertyValue.ts'
import { expectedFiles, fixture, fixtureSets } from '../../support/txlogFixtures.ts'

const logs = fixtureSets.flatMap((set) =>
  Object.entries(expectedFiles(set)).flatMap(([file, { transactions = [] }]) =>
    transactions.length > 0 ? [{ path: `${set}/${file}`, transactions }] : [],
  ),
)

const anything = -1

/** What counts must become when a transaction did what it is said to have done; Neo4j writes its own sums into the log. */
function countsOf({ nodes, relationships }: TransactionChanges): Map<string, bigint> {
  const counts = new Map<string, bigint>()
  const add = (key: string, by: bigint): void => void counts.set(key, (counts.get(key) ?? 0n) + by)
  const sign = { create: 1n, update: 0n, delete: -1n }
  for (const { operation, labelsBefore = [], labelsAfter = [] } of nodes) {
    add(`nodes ${anything}`, sign[operation])
    for (const label of labelsAfter) add(`nodes ${label}`, 1n)
    for (const label of labelsBefore) add(`nodes ${label}`, -1n)
  }
  for (const { operation, place } of relationships) {
    add(`relationships ${anything}`, sign[operation])
    if (place) add(`relationships ${place.type}`, sign[operation])
  }
  return new Map([...counts].filter(([, count]) => count !== 0n))
}

/** The sums in the log, without those of relationships between nodes of certain labels. */
function loggedCounts(commands: readonly Command[]): Map<string, bigint> {
  const counts = new Map<string, bigint>()
  for (const command of commands) {
    if (command.kind === 'node count') counts.set(`nodes ${command.label}`, command.delta)
    if (command.kind !== 'relationship count' || command.startLabel !== anything || command.endLabel !== anything) continue
    counts.set(`relationships ${command.type}`, command.delta)
  }
  return new Map([...counts].filter(([, count]) => count !== 0n))
}

describe.each(logs)('$path', ({ path, transactions }) => {
  const bytes = fixture(path)
  const decoded = transactions.map(({ id, offset, end }) => ({ id, ...decodeTransaction(bytes.subarray(offset, end)) }))

  test('[log.commands] is decoded to the last byte', () => {
    expect(decoded.filter(({ stopped }) => stopped)).toEqual([])
  })

  test('every value can be read', () => {
    for (const { commands } of decoded) {
      for (const command of commands) {
        if (command.kind !== 'property') continue
        for (const block of [...command.before, ...command.after]) expect(propertyValue(block)?.type).not.toBe('unreadable')
      }
    }
  })
})

// What stands for the other kernel versions has no graph behind it, only counts.
describe.each(logs.filter(({ path }) => !path.startsWith('every-kernel-version')))('$path', ({ path, transactions }) => {
  test('changes add up to the counts that Neo4j wrote beside them', () => {
    const bytes = fixture(path)
    for (const { id, offset, end } of transactions) {
      const { commands } = decodeTransaction(bytes.subarray(offset, end))
      expect(countsOf(transactionChanges(commands)), `transaction ${id}`).toEqual(loggedCounts(commands))
    }
  })
})

test('the real logs hold what the others test', () => {
  const kinds = new Map<string, number>()
  for (const { path, transactions } of logs) {
    const bytes = fixture(path)
    for (const { offset, end } of transactions) {
      const { nodes, relationships, tokens, schema } = transactionChanges(decodeTransaction(bytes.subarray(offset, end)).commands)
      for (const { kind, operation } of [...nodes, ...relationships]) {
        kinds.set(`${kind} ${operation}`, (kinds.get(`${kind} ${operation}`) ?? 0) + 1)
      }
      for (const { operation } of schema) kinds.set(`schema ${operation}`, (kinds.get(`schema ${operation}`) ?? 0) + 1)
      for (const { of } of tokens) kinds.set(of, (kinds.get(of) ?? 0) + 1)
    }
  }
  for (const kind of [
    'node create',
    'node update',
    'node delete',
    'relationship create',
    'relationship delete',
    'schema create',
    'label',
    'relationship type',
    'property key',
  ]) {
    expect(kinds.get(kind), kind).toBeGreaterThan(2)
  }
})

test('values that look like COMMIT entries are values', () => {
  const path = '5.26.30/neo4j/neostore.transaction.db.0'
  const bytes = fixture(path)
  let lookalikes = 0
  for (const { id, offset, end } of expectedFiles('5.26.30')['neo4j/neostore.transaction.db.0']!.transactions!) {
    for (const { properties } of transactionChanges(decodeTransaction(bytes.subarray(offset, end)).commands).nodes) {
      for (const { after } of properties) {
        const value = after && propertyValue(after)
        if (value?.type === 'bytes' && value.value.includes(Buffer.from([20, 5, id & 0xff, id >> 8, 0]))) lookalikes++
      }
    }
  }
  expect(lookalikes).toBeGreaterThan(3)
})
