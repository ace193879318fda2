import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatLog } from '../../../src/cli/logText.ts'
import type { LogReport } from '../../../src/history/showLog.ts'
import { holdfast, refusal, succeed } from '../../support/holdfast.ts'
import { dataDirectoryOf, realLog } from '../../support/logFolder.ts'

let folder: string
let dataDir: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-log-show-'))
  dataDir = await dataDirectoryOf(folder, realLog('5.26.30'))
})
afterAll(async () => rm(folder, { recursive: true }))

const show = async (...options: string[]) => succeed<LogReport>('log', 'show', '--data-dir', dataDir, ...options)
const ids = ({ transactions }: LogReport) => transactions.map(({ id }) => id)

test('the log of a real server is shown without the server', async () => {
  const report = await show('--limit', '5')
  expect(ids(report)).toEqual([299, 300, 301, 302, 303])
  expect(report).toMatchObject({ matched: 302, read: { transactions: 302, first: 2, last: 303, undecoded: 0 } })
})

test('with JSON each change is there, with names and values', async () => {
  const { transactions } = await show('--label', 'Person', '--operation', 'delete')
  expect(transactions).toMatchObject([{ id: 271, committed: '2026-11-22T10:39:25.015Z', matching: 1 }])
  expect(transactions[0]!.changes).toMatchObject([
    {
      kind: 'node',
      labels: ['Person', 'L3'],
      properties: { name: { before: { type: 'string', value: 'name 3' }, after: null } },
    },
  ])
})

test('an entity is found by its element id, whatever the database is called, by its record id, and by a property', async () => {
  const expected = ids(await show('--entity', 'node:2'))
  expect(expected).toContain(271)
  expect(ids(await show('--entity', '4:0123abcd-0123-0123-0123-0123456789ab:2'))).toEqual(expected)
  expect(ids(await show('--entity', '5:0123abcd-0123-0123-0123-0123456789ab:12'))).toEqual(
    ids(await show('--entity', 'relationship:12')),
  )
  expect(ids(await show('--entity', 'name=name 3'))).toContain(271)
})

test('times are compared in UTC, wherever they were told', async () => {
  const window = ['--since', '2026-11-22T11:39:25.015+01:00', '--until', '2026-11-22T10:39:25.015Z']
  expect(ids(await show(...window))).toContain(271)
})

describe('[errors.clear] what cannot be meant is refused', () => {
  test.each([
    ['--since', '2026-11-22T10:00:00', /--since: expected a time zone at the end, Z for UTC or an offset/],
    ['--until', '2026-11-22', /--until: expected a time zone/],
    ['--since', '2026-02-30T10:00:00Z', /expected a moment such as 2026-11-22T10:15:00Z/],
    ['--since', '2026-11-22T25:00:00Z', /expected a moment such as/],
    ['--since', 'yesterday Z', /expected a moment such as/],
    ['--entity', '12', /expected an element id, node:12/],
    ['--entity', '4:nonsense:12', /expected an element id/],
    ['--entity', '6:0123abcd-0123-0123-0123-0123456789ab:2', /expected an element id/],
    ['--entity', 'node:-1', /expected an element id/],
    ['--operation', 'remove', /expected create, update or delete/],
    ['--from-tx', 'x', /--from-tx: /],
    ['--limit', '0', /--limit: /],
  ])('%s %s', async (option, value, message) => {
    expect(await holdfast('log', 'show', '--data-dir', dataDir, option, value)).toMatchObject(refusal('usage', message))
  })

  test('an end before the beginning', async () => {
    const words = ['log', 'show', '--data-dir', dataDir]
    expect(await holdfast(...words, '--from-tx', '9', '--to-tx', '8')).toMatchObject(
      refusal('usage', /--from-tx is behind --to-tx/),
    )
    const window = ['--since', '2026-11-22T10:00:00Z', '--until', '2026-11-22T10:00:00+01:00']
    expect(await holdfast(...words, ...window)).toMatchObject(refusal('usage', /--since is behind --until/))
  })

  test('a database that is not there', async () => {
    expect(await holdfast('log', 'show', '--data-dir', dataDir, '--database', 'other')).toMatchObject({
      exitCode: 3,
      error: { message: `no database 'other' in ${dataDir}: found neo4j` },
    })
  })
})

describe('for a person', () => {
  const place = { committed: '2026-11-22T10:00:00.000Z', size: 1234, logVersion: 0, offset: 128, kernelVersion: 33 }
  const nothing = { groups: [], newTokens: [], schema: [] }
  const read = { transactions: 2, bytes: 5000, first: 2, last: 3, undecoded: 0 }

  test('a line tells what a transaction touched, and its changes stand below it', () => {
    const report: LogReport = {
      matched: 7,
      unknownNames: [],
      read: { ...read, undecoded: 1 },
      transactions: [
        {
          ...place,
          id: 2,
          groups: [
            { kind: 'node', operation: 'update', labels: ['Person', 'has space'], count: 2 },
            { kind: 'node', operation: 'create', labels: null, count: 1 },
            { kind: 'relationship', operation: 'delete', type: 'KNOWS', count: 1 },
          ],
          newTokens: [{ of: 'label', id: 4, name: 'back`tick' }],
          schema: [{ operation: 'create', kind: 'index', name: 'by_name', rule: {} }],
          changes: [
            {
              kind: 'node',
              id: 12,
              operation: 'update',
              labels: ['Person'],
              labelsAdded: ['Person'],
              labelsRemoved: ['Old'],
              properties: {
                name: { before: { type: 'string', value: "O'Neil\n" }, after: null },
                list: { before: null, after: { type: 'list', of: 'integer', value: [1n, 2n] } },
                credentials: { before: 'hidden', after: 'hidden' },
              },
            },
            {
              kind: 'relationship',
              id: 5,
              operation: 'delete',
              type: 'KNOWS',
              start: 1,
              end: 2,
              properties: { since: { before: { type: 'date', value: '2024-05-01' }, after: null } },
            },
          ],
        },
        {
          ...place,
          ...nothing,
          id: 3,
          changes: null,
          undecoded: { offset: 60, commandType: 99, reason: 'unknown command type 99' },
        },
      ],
    }
    expect(formatLog(report).split('\n')).toEqual([
      'transaction  committed                    size  what',
      '          2  2026-11-22T10:00:00.000Z  1.23 kB  update 2 (:Person:`has space`), create 1 (?), delete 1 [:KNOWS], create index by_name, new label `back``tick`',
      "    update node:12 (:Person) +:Person -:Old {name: 'O\\'Neil\\u000a' → nothing, list: nothing → [1, 2], credentials: (hidden) → (hidden)}",
      '    delete relationship:5 [:KNOWS] from node:1 to node:2 {since: 2024-05-01}',
      '          3  2026-11-22T10:00:00.000Z  1.23 kB  not decoded: unknown command type 99 at offset 60 in it',
      '    details left out: there was no room for them; narrow the filters down',
      'read transactions 2 to 3, 5.00 kB: the newest 2 of 7 that match, see --limit; 1 could not be decoded to their end',
    ])
  })

  test('nothing is said in a sentence', () => {
    expect(formatLog({ matched: 0, transactions: [], unknownNames: ['label person'], read })).toBe(
      'read transactions 2 to 3, 5.00 kB: 0 match\nthere is no label person',
    )
    expect(
      formatLog({ matched: 0, transactions: [], unknownNames: [], read: { ...read, first: null, last: null, bytes: 0 } }),
    ).toBe('the log holds no transactions, 0 B: 0 match')
  })
})
