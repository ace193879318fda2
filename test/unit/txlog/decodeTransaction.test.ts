import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { transactionChanges } from '../../../src/txlog/changes/transactionChanges.ts'
import { decodeTransaction, type DecodedTransaction } from '../../../src/txlog/commands/decodeTransaction.ts'
import { propertyValue } from '../../../src/txlog/commands/propertyValue.ts'
import {
  command,
  int32,
  int64,
  nodeImage,
  numberBlock,
  ownedByNode,
  propertyImage,
  transactionOf,
} from '../../support/commandBytes.ts'
import { startBytes, transactionBytes } from '../../support/logBytes.ts'
import { expectedFiles, fixture } from '../../support/txlogFixtures.ts'

const created = command(22, 9, nodeImage(0n))
const property = command(24, 1, propertyImage({ flags: ownedByNode, id: 9 }, [numberBlock(5, 77)]))

describe('[log.commands] what is not known stops the decoding of its transaction, and what came before is kept', () => {
  test.each([
    ['an unknown command type', Buffer.from([33, 3, 99, 1, 2, 3]), 99, 'unknown command type 99'],
    ['a command type only other editions write', Buffer.from([33, 3, 30, 1, 2, 3]), 30, 'unknown command type 30'],
    ['an unknown kernel version', Buffer.from([99, 3, 22]), undefined, 'unknown kernel version 99'],
    ['an unknown entry type', Buffer.from([33, 10, 22]), undefined, 'unknown entry type 10'],
    ['a START entry', startBytes({ id: 8 }), undefined, 'unknown entry type 1'],
    [
      'a command that is cut off',
      created.subarray(0, -1),
      22,
      'command type 22 with a command that goes on behind the end of its transaction',
    ],
    [
      'a list longer than the transaction',
      command(22, 9, Buffer.concat([nodeImage(0n).subarray(0, -4), int32(2 ** 30)])),
      22,
      `command type 22 with a count of ${2 ** 30}`,
    ],
    [
      'a negative length',
      command(22, 9, Buffer.concat([nodeImage(0n).subarray(0, -4), int32(-1)])),
      22,
      'command type 22 with a count of -1',
    ],
    [
      'an id that is none',
      Buffer.concat([Buffer.from([33, 3, 22]), int64(2n ** 60n), nodeImage(0n)]),
      22,
      'command type 22 with a number beyond all ids',
    ],
    [
      'a property of no size',
      Buffer.concat([property.subarray(0, 37), Buffer.from([7]), property.subarray(38)]),
      24,
      'command type 24 with a property of 7 bytes',
    ],
    [
      'too many properties',
      Buffer.concat([property.subarray(0, 36), Buffer.from([5]), property.subarray(37)]),
      24,
      'command type 24 with a property record with 5 properties',
    ],
    [
      'labels that are none',
      command(22, 9, nodeImage(1n << 39n, [Buffer.from([9, 0, 0])])),
      22,
      'command type 22 with labels that are no list of numbers',
    ],
    [
      'a rule with an unknown value',
      Buffer.concat([command(18, 3, Buffer.from([1, 0, 0])), int32(1), int32(1), Buffer.from('a\x63')]),
      18,
      'command type 18 with a value of type 99 in a rule of the schema',
    ],
  ])('%s', (_, planted, commandType, reason) => {
    const { bytes, first } = transactionOf(created, planted)
    const decoded = decodeTransaction(bytes)
    expect(decoded.stopped).toEqual({ offset: first + created.length, commandType, reason })
    expect(decoded.commands).toMatchObject([{ kind: 'node', id: 9 }])
  })
})

test('a transaction without commands is whole', () => {
  expect(decodeTransaction(transactionBytes({ id: 7 }))).toEqual({ commands: [], stopped: undefined })
})

test.each([[Buffer.alloc(0)], [Buffer.alloc(100)], [startBytes({ id: 7 })], [transactionBytes({ id: 7 }).subarray(0, -1)]])(
  'bytes that are no transaction are said to be none: %#',
  (bytes) => expect(decodeTransaction(bytes)).toMatchObject({ commands: [], stopped: { offset: expect.any(Number) as number } }),
)

test('each byte but the COMMIT entry belongs to a command', () => {
  const whole = decodeTransaction(transactionOf(created, property).bytes)
  expect(whole).toMatchObject({ stopped: undefined, commands: [{ kind: 'node' }, { kind: 'property' }] })
  const { bytes, first } = transactionOf(created, property, Buffer.from([0]))
  expect(decodeTransaction(bytes).stopped?.offset).toBe(first + created.length + property.length)
})

const sources = ['5.13.0', '5.26.30', '2026.09.0'] as const
const real = sources.flatMap((set) =>
  ['neo4j', 'system'].flatMap((folder) => {
    const path = `${folder}/neostore.transaction.db.0`
    const bytes = fixture(`${set}/${path}`)
    return expectedFiles(set)
      [path]!.transactions!.map(({ offset, end }) => bytes.subarray(offset, end))
      .filter(({ length }) => length < 20_000)
  }),
)

/** Uses everything that was decoded, as a reader of the log does. */
function useAll(decoded: DecodedTransaction): void {
  const { nodes, relationships } = transactionChanges(decoded.commands)
  for (const { properties } of [...nodes, ...relationships]) {
    for (const { before, after } of properties) for (const block of [before, after]) if (block) propertyValue(block)
  }
}

describe('garbage is decoded without an error, in time and in bounds', () => {
  test('random bytes between START and COMMIT', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.constantFrom(1, 2, 3, 4, 5, 8, 9, 16, 17, 18, 19, 20, 22, 23, 24, 25, 26, 27),
        (body, type) => {
          const { bytes } = transactionOf(Buffer.from([33, 3, type]), body)
          const decoded = decodeTransaction(bytes)
          expect(decoded.commands.length).toBeLessThan(bytes.length / 15)
          useAll(decoded)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('real transactions with some bytes changed', () => {
    let stopped = 0
    const change = fc.record({ at: fc.nat(), byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255)) })
    fc.assert(
      fc.property(fc.nat(real.length - 1), fc.array(change, { minLength: 1, maxLength: 6 }), (which, changes) => {
        const bytes = Buffer.from(real[which]!)
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte
        const decoded = decodeTransaction(bytes)
        if (decoded.stopped) stopped++
        useAll(decoded)
      }),
      { numRuns: 4000 },
    )
    expect(stopped).toBeGreaterThan(200)
  })

  test('real transactions that are cut, wherever', () => {
    const whole = real.find(({ length }) => length > 2000)!
    const { commands } = decodeTransaction(whole)
    for (let length = 0; length < whole.length; length++) {
      const decoded = decodeTransaction(whole.subarray(0, length))
      expect(decoded.commands.length).toBeLessThanOrEqual(commands.length)
      expect(decoded.stopped).toBeDefined()
    }
  })
})
