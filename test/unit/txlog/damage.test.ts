import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { logDamage } from '../../../src/txlog/logDamage.ts'
import type { Transaction } from '../../../src/txlog/transaction.ts'
import { chainBytes, headerBytes, startBytes } from '../../support/logBytes.ts'
import { findLater, scanLog } from '../../support/scanLog.ts'
import type { Scan } from '../../support/scanLog.ts'
import { expectedFiles, fixture } from '../../support/txlogFixtures.ts'

/** Real files with the transactions that Neo4j reads in them; the bytes end with the last of at most so many transactions. */
function golden(path: string, count: number): { bytes: Buffer; transactions: Transaction[] } {
  const [set, ...file] = path.split('/')
  const transactions = expectedFiles(set as '5.13.0')[file.join('/')]!.transactions!.slice(0, count)
  return { bytes: fixture(path).subarray(0, transactions.at(-1)!.end), transactions }
}

/** Of each file so many transactions are read, and every so many-th bit is flipped. */
const files: [path: string, count: number, stride: number][] = [
  ['every-kernel-version/written/neostore.transaction.db.0', 99, 7],
  ['every-kernel-version/written/neostore.transaction.db.1', 99, 11],
  ['5.13.0/system/neostore.transaction.db.0', 4, 29],
  ['5.26.30/loaded/neostore.transaction.db.2', 9, 3],
  ['2026.09.0/loaded/neostore.transaction.db.2', 9, 3],
]

/** The error of a reader that asks whether a whole transaction follows the end. */
function damageOf(file: Buffer, scan: Scan) {
  const { end } = scan
  if (end.reason !== 'torn' && end.reason !== 'unsupported') return undefined
  const later = findLater(file, scan)
  return { later, error: logDamage('log', end, later) }
}

describe.each(files)('%s', (path, count, stride) => {
  const { bytes, transactions } = golden(path, count)

  test('cut off anywhere, it has the transactions that are whole, and no damage', () => {
    for (let length = 128; length <= bytes.length; length += length < 1000 ? 1 : 3) {
      const whole = transactions.filter(({ end }) => end <= length)
      const scan = scanLog(bytes.subarray(0, length))
      expect(isDeepStrictEqual(scan.transactions, whole)).toBe(true)
      expect(scan.end.end).toBe(whole.at(-1)?.end ?? 128)
      expect(scan.end.reason).toBe(scan.end.end === length ? 'exact' : 'torn')
      if (length % 7 === 0) expect(findLater(bytes.subarray(0, length), scan)).toBeUndefined()
    }
  })

  test('cut off anywhere in a preallocated file, it has the transactions that are whole, and no damage', () => {
    for (let length = 128; length <= bytes.length; length += 5) {
      const whole = transactions.filter(({ end }) => end <= length)
      const file = Buffer.alloc(bytes.length + 50)
      bytes.copy(file, 0, 0, length)
      const scan = scanLog(file)
      // A transaction whose checksum ends in a zero byte is whole without it.
      const last = scan.transactions.at(-1)
      expect(scan.transactions.filter((transaction) => transaction.end <= length)).toEqual(whole)
      if (scan.transactions.length > whole.length) expect(file.subarray(0, last!.end)).toEqual(bytes.subarray(0, last!.end))
      expect(['torn', 'preallocated']).toContain(scan.end.reason)
      expect(findLater(file, scan)).toBeUndefined()
    }
  })

  test('with a bit flipped, it has the transactions before, and damage is told from a torn tail', () => {
    const file = Buffer.from(bytes)
    for (const [index, { offset, end }] of transactions.entries()) {
      for (let bit = offset * 8 + (index % stride); bit < end * 8; bit += stride) {
        file[bit >> 3]! ^= 1 << (bit & 7)
        const scan = scanLog(file)
        expect(isDeepStrictEqual(scan.transactions, transactions.slice(0, index))).toBe(true)
        expect(scan.end).toMatchObject({ end: offset, next: { id: transactions[index]!.id } })
        const { later, error } = damageOf(file, scan)!
        if (index < transactions.length - 1) {
          expect(later!.offset).toBe(transactions[index + 1]!.offset)
          expect(error.code).toBe('integrity')
          expect(error.message).toContain(`log: damaged at offset ${offset}: expected `)
        } else expect(later).toBeUndefined()
        file[bit >> 3]! ^= 1 << (bit & 7)
      }
    }
  })
})

test('damage in the middle of a large log is found behind it, however the bytes come', () => {
  const parts = chainBytes(Array.from({ length: 400 }, (_, index) => ({ kernelVersion: 20, body: Buffer.alloc(1000, index) })))
  const file = Buffer.concat([headerBytes(), ...parts])
  file[200_000]! ^= 4
  const scan = scanLog(file)
  const later = findLater(file, scan)!
  expect(later).toEqual({ id: scan.end.next.id + 1, offset: scan.end.end + parts[0]!.length })
  for (let cut = later.offset - 100; cut < later.offset + 1100; cut++) expect(findLater(file, scan, cut)).toEqual(later)
})

test('a wiped stretch of a log is damage', () => {
  const parts = chainBytes(Array.from({ length: 50 }, () => ({ kernelVersion: 12, body: Buffer.alloc(100, 1) })))
  for (const value of [0, 0xff]) {
    const file = Buffer.concat([headerBytes(), ...parts])
    file.fill(value, 1000, 3000)
    const scan = scanLog(file)
    expect(scan.end.reason).toBe('torn')
    expect(findLater(file, scan)?.offset).toBeGreaterThan(2900)
  }
})

test('a later transaction is found though its values look like START entries', () => {
  const lookalikes = [
    ...Array.from({ length: 20 }, () => startBytes({ id: 1, kernelVersion: 33 })),
    ...Array.from({ length: 5 }, (_, index) => startBytes({ id: 4 + index, kernelVersion: 33 })),
  ]
  const [one, two, three] = chainBytes([{}, { body: Buffer.alloc(500, 7) }, { body: Buffer.concat(lookalikes) }]) as [
    Buffer,
    Buffer,
    Buffer,
  ]
  two[100]! ^= 1
  const file = Buffer.concat([headerBytes(), one, two, three])
  expect(findLater(file, scanLog(file))).toEqual({ id: 4, offset: 128 + one.length + two.length })
})

test('the values of a torn transaction are not taken for later transactions', () => {
  const [one] = chainBytes([{ kernelVersion: 33 }]) as [Buffer]
  // Copies of log bytes in a value: their ids are not later ones, or there is no room for so many transactions.
  const values = [one, ...chainBytes([{ kernelVersion: 33 }, { kernelVersion: 12 }], 900)]
  const file = Buffer.concat([headerBytes(), one, startBytes({ id: 3 }), ...values])
  const scan = scanLog(file)
  expect(scan.end).toMatchObject({ reason: 'torn', end: 128 + one.length })
  expect(findLater(file, scan)).toBeUndefined()
})

test('an unknown kernel version is told from a damaged one', () => {
  const [one, two, three] = chainBytes([{}, {}, {}]) as [Buffer, Buffer, Buffer]
  const newer = Buffer.concat([headerBytes(), one, startBytes({ id: 3, kernelVersion: 60 }), Buffer.alloc(100, 60)])
  expect(damageOf(newer, scanLog(newer))!.error).toMatchObject({
    code: 'failed',
    message: `log at offset ${128 + one.length}: unknown kernel version 60 in the transaction log`,
  })
  two[0] = 60
  const damaged = Buffer.concat([headerBytes(), one, two, three])
  expect(damageOf(damaged, scanLog(damaged))!.error).toMatchObject({
    code: 'integrity',
    message: expect.stringContaining('found an entry of unknown kernel version 60'),
    hint: expect.stringContaining('Transaction 4 at offset'),
  })
})

test('a file that is not the newest must not end in a torn transaction', () => {
  const [one, two] = chainBytes([{}, {}]) as [Buffer, Buffer]
  const { end } = scanLog(Buffer.concat([headerBytes(), one, two.subarray(0, -1)]))
  if (end.reason !== 'torn') throw new Error(end.reason)
  expect(logDamage('neostore.transaction.db.4', end, undefined)).toMatchObject({
    code: 'integrity',
    message: `neostore.transaction.db.4: damaged at offset ${end.end}: expected the COMMIT entry of transaction 3, found ${two.length - 1} bytes without it`,
    hint: expect.stringContaining('Only the newest log file'),
  })
})

describe('any bytes', () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.constantFrom(...chainBytes([{ kernelVersion: 12 }, { kernelVersion: 20 }, { kernelVersion: 25 }, { kernelVersion: 33 }])),
    fc.nat(20).map((length) => new Uint8Array(length)),
    fc.nat(1000).map((id) => startBytes({ id, kernelVersion: 20 + (id % 14) })),
    fc.constantFrom(12, 20, 25, 33).map((version) => Uint8Array.of(version, 5, 2, 0, 0, 0, 0, 0, 0, 0)),
  )

  test('end somewhere, the same wherever they are split', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), fc.array(fc.nat(1500), { maxLength: 8 }), (parts, cuts) => {
        const file = Buffer.concat([headerBytes(), ...parts])
        const scan = scanLog(file, cuts)
        expect(scan).toEqual(scanLog(file))
        expect(scan.end.end).toBeLessThanOrEqual(file.length)
        const later = findLater(file, scan)
        expect(findLater(file, scan, cuts[0])).toEqual(later)
        if (later) expect(later.offset).toBeGreaterThanOrEqual(scan.end.end)
      }),
      { numRuns: 1000 },
    )
  })

  const fill = (unit: Uint8Array) => Buffer.alloc(2 << 20, unit)
  test.each([
    ['zeros', fill(Uint8Array.of(0))],
    ['START types', fill(Uint8Array.of(33, 1))],
    ['COMMIT types', fill(Uint8Array.of(33, 5))],
    [
      'COMMIT entries of the open transaction',
      fill(Buffer.concat([Buffer.from([33, 5, 2, 0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(12)])),
    ],
    ['COMMIT entries that overlap', fill(Uint8Array.of(33, 5, 2, 0, 0, 0, 0, 0, 0, 0))],
    ['START entries', fill(startBytes({ id: 3, kernelVersion: 12 }))],
    [
      'STARTs and COMMITs',
      fill(Buffer.concat([startBytes({ id: 3 }), Buffer.from([33, 5, 3, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1])])),
    ],
  ])('are read in time in proportion to their length: %s', (_, bytes) => {
    // Were the time quadratic, it would be minutes.
    const file = Buffer.concat([headerBytes(), startBytes({ id: 2 }), bytes])
    const scan = scanLog(file)
    expect(scan.transactions).toEqual([])
    expect(findLater(file, scan)).toBeUndefined()
  })
})
