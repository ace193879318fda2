import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readLogFileHeader } from '../../../src/txlog/logFileHeader.ts'
import { TransactionScanner } from '../../../src/txlog/transactionScanner.ts'
import { baseChecksum, chainBytes, commitBytes, headerBytes, startBytes, transactionBytes } from '../../support/logBytes.ts'
import type { TransactionSpec } from '../../support/logBytes.ts'
import { findLater, scanLog } from '../../support/scanLog.ts'

const versions = [12, 20, 25, 33]

const log = (...parts: Uint8Array[]) => Buffer.concat([headerBytes(), ...parts])

/** Scans with the bytes whole, byte by byte, and split at every offset: all must agree. */
function scanEveryWay(file: Buffer) {
  const scan = scanLog(file)
  expect(scanLog(file, Array.from(file.keys()))).toEqual(scan)
  for (let cut = 129; cut < file.length; cut++) expect(scanLog(file, [cut])).toEqual(scan)
  return scan
}

/** The body of transaction `spec.id`, in which a value holds a COMMIT entry of it whose checksum is right, and then `behind`. */
function bodyWithForgedCommit(spec: TransactionSpec, behind: (checksum: number) => Uint8Array): Buffer {
  const value = Buffer.concat([Buffer.from([spec.kernelVersion!, 3, 24]), Buffer.from('some value ')])
  const commit = commitBytes(spec, Buffer.concat([startBytes(spec), value]))
  return Buffer.concat([value, commit, behind(commit.readUInt32LE(18)), Buffer.from([9, 9, 9])])
}

describe.each(versions)('kernel version %i', (kernelVersion) => {
  const first = {
    id: 2,
    kernelVersion,
    startTime: 1_700_000_000_001,
    commitTime: 1_700_000_000_002,
    body: Buffer.from([kernelVersion, 3, 17]),
  }

  test('reads what a transaction says of itself', () => {
    const bytes = transactionBytes(first)
    const { transactions, end } = scanEveryWay(log(bytes))
    const checksum = crc32c(bytes.subarray(0, -4))
    expect(transactions).toEqual([
      {
        id: 2,
        offset: 128,
        end: 128 + bytes.length,
        commitTime: 1_700_000_000_002,
        checksum,
        previousChecksum: kernelVersion < 22 ? baseChecksum : undefined,
        kernelVersion,
      },
    ])
    expect(end).toEqual({
      reason: 'exact',
      end: 128 + bytes.length,
      last: transactions[0],
      next: { id: 3, previousChecksum: checksum },
    })
  })

  test('finds zeros behind the last transaction, and what may follow them', () => {
    const bytes = transactionBytes(first)
    const end = 128 + bytes.length
    expect(scanEveryWay(log(bytes, Buffer.alloc(100))).end).toMatchObject({ reason: 'preallocated', end })
    expect(scanLog(log(bytes, Buffer.alloc(1_000_000)), [70_000, 500_000]).end).toMatchObject({ reason: 'preallocated', end })
    const { transactions, end: stray } = scanEveryWay(log(bytes, Buffer.alloc(50), Buffer.from([7, 7]), Buffer.alloc(50)))
    expect(transactions).toHaveLength(1)
    expect(stray).toMatchObject({
      reason: 'torn',
      end,
      expected: 'only zeros behind the last transaction',
      found: `other bytes from offset ${end + 50} on`,
    })
  })

  test('a hole of zeros with whole transactions behind it is damage', () => {
    const [one, two, three] = chainBytes([first, first, first]) as [Buffer, Buffer, Buffer]
    const file = log(one, Buffer.alloc(two.length), three)
    const scan = scanEveryWay(file)
    expect(scan.end).toMatchObject({ reason: 'torn', end: 128 + one.length })
    expect(findLater(file, scan)).toEqual({ id: 4, offset: 128 + one.length + two.length })
  })

  test('reads an empty log', () => {
    const next = { id: 2, previousChecksum: undefined }
    expect(scanEveryWay(log()).end).toEqual({ reason: 'exact', end: 128, last: undefined, next })
    expect(scanEveryWay(log(Buffer.alloc(50))).end).toEqual({ reason: 'preallocated', end: 128, last: undefined, next })
    expect(scanEveryWay(log(Buffer.from([kernelVersion, 3, 1]))).end).toEqual({
      reason: 'torn',
      end: 128,
      last: undefined,
      next,
      expected: 'the START entry of transaction 2',
      found: `bytes ${kernelVersion} 3`,
    })
  })

  test('reads START entries with an additional header', () => {
    const parts = chainBytes([{ ...first, header: Buffer.alloc(8, kernelVersion) }, first])
    expect(scanEveryWay(log(...parts)).transactions).toHaveLength(2)
  })

  test('is not fooled by a COMMIT in a value whose checksum is wrong', () => {
    const lookalike = Buffer.from([kernelVersion, 5, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0])
    const body = Buffer.concat([Buffer.from([kernelVersion, 3]), lookalike, lookalike.subarray(0, 7), lookalike.subarray(0, 10)])
    const parts = chainBytes([{ ...first, body }, first])
    const { transactions, end } = scanEveryWay(log(...parts))
    expect(transactions.map(({ end: offset }) => offset)).toEqual([128 + parts[0]!.length, end.end])
    expect(end.reason).toBe('exact')
    const cut = parts[1]!.subarray(0, -1)
    expect(scanLog(log(parts[0]!, cut)).end).toMatchObject({ reason: 'torn', found: `${cut.length} bytes without it` })
  })

  test.each([
    ['a command', () => Buffer.from([kernelVersion, 3])],
    ['an unknown version', () => startBytes({ ...first, kernelVersion: 99, id: 3 })],
    ['zeros', () => Buffer.alloc(20)],
    ['another COMMIT', () => Buffer.from([kernelVersion, 5])],
    [
      'the START of one that began too late',
      (checksum: number) => startBytes({ ...first, id: 3, previousChecksum: checksum, lastCommitted: 4 }),
    ],
    [
      'a START that claims another place',
      (checksum: number) =>
        startBytes({ ...first, id: 3, previousChecksum: checksum + (kernelVersion < 22 ? 1 : 0), appendIndex: 4 }),
    ],
    [
      'a START with a long header',
      (checksum: number) => startBytes({ ...first, id: 3, previousChecksum: checksum, header: Buffer.alloc(9) }),
    ],
    [
      'a START without a plausible time',
      (checksum: number) => startBytes({ ...first, id: 3, previousChecksum: checksum, startTime: -1 }),
    ],
  ])('is not fooled by a COMMIT in a value whose checksum is right and that %s follows', (_, behind) => {
    const parts = chainBytes([
      { ...first, body: bodyWithForgedCommit({ ...first, previousChecksum: baseChecksum }, behind) },
      first,
      first,
    ])
    const { transactions, end } = scanEveryWay(log(...parts))
    expect(transactions.map(({ id }) => id)).toEqual([2, 3, 4])
    expect(end).toMatchObject({ reason: 'exact', end: 128 + Buffer.concat(parts).length })
    // The same at the end of the log, and what follows there is described for what it is.
    const length = parts[0]!.length
    expect(scanEveryWay(log(parts[0]!)).end).toMatchObject({ reason: 'exact', end: 128 + length })
    expect(scanEveryWay(log(parts[0]!, parts[1]!.subarray(0, 5))).end).toMatchObject({ end: 128 + length, found: '5 bytes' })
    const cut = scanEveryWay(log(parts[0]!, parts[1]!.subarray(0, -1)))
    expect(cut.transactions).toEqual(transactions.slice(0, 1))
    expect(cut.end).toMatchObject({ found: `${parts[1]!.length - 1} bytes without it` })
  })

  test('a forgery of everything, which a client could only make by guessing the clock of the server, is reported as damage', () => {
    const behind = (previousChecksum: number) => startBytes({ ...first, id: 3, previousChecksum })
    const parts = chainBytes([
      { ...first, body: bodyWithForgedCommit({ ...first, previousChecksum: baseChecksum }, behind) },
      first,
      first,
    ])
    const file = log(...parts)
    const scan = scanLog(file)
    expect(scan.end.reason).toBe('torn')
    expect(findLater(file, scan)).toMatchObject({ id: 3, offset: 128 + parts[0]!.length })
  })

  test('a missing, a repeated and a swapped transaction end the log', () => {
    const [one, two, three, four] = chainBytes([first, first, first, first]) as [Buffer, Buffer, Buffer, Buffer]
    for (const parts of [
      [one, three, four],
      [one, one, two, three],
      [one, three, two, four],
    ]) {
      const file = log(...parts)
      const scan = scanEveryWay(file)
      expect(scan.transactions.map(({ id }) => id)).toEqual([2])
      expect(scan.end.reason).toBe('torn')
      expect(findLater(file, scan)?.id).toBeGreaterThan(2)
    }
  })

  test('continues where it stopped once more has been written', () => {
    const parts = chainBytes([first, { ...first, body: Buffer.alloc(300, 3) }, first])
    const file = log(...parts)
    const header = readLogFileHeader(file, 'log')!
    for (let cut = 128; cut < file.length; cut++) {
      const before = scanLog(file.subarray(0, cut))
      const { end, next } = before.end
      const after = scanLog(file, [], { header, position: end, expectedId: next.id, previousChecksum: next.previousChecksum })
      expect([...before.transactions, ...after.transactions]).toEqual(scanLog(file).transactions)
      expect(after.end).toMatchObject({ reason: 'exact', end: file.length })
    }
  })
})

test('checks the first START of a file against the checksum before it, if that is known', () => {
  const file = log(transactionBytes({ id: 2, kernelVersion: 20, previousChecksum: 5 }))
  expect(scanLog(file, [], { previousChecksum: 5 }).end.reason).toBe('exact')
  expect(scanLog(file, [], { previousChecksum: 6 }).end).toMatchObject({
    reason: 'torn',
    end: 128,
    expected: 'the START entry of transaction 2 after checksum 6',
    found: 'a START entry after checksum 5',
  })
})

test('the kernel version may change in the middle of a file', () => {
  const parts = chainBytes(versions.map((kernelVersion) => ({ kernelVersion, body: Buffer.alloc(60, 5) })))
  expect(scanEveryWay(log(...parts)).transactions.map(({ kernelVersion }) => kernelVersion)).toEqual(versions)
})

test.each([1, 4, 34, 254])('stops at kernel version %i, which it does not know', (kernelVersion) => {
  const [one] = chainBytes([{}]) as [Buffer]
  const file = log(one, startBytes({ id: 3, kernelVersion }), Buffer.alloc(40, 1))
  const scan = scanEveryWay(file)
  expect(scan.end).toMatchObject({ reason: 'unsupported', end: 128 + one.length, kernelVersion })
  expect(scan.transactions).toHaveLength(1)
  expect(findLater(file, scan)).toBeUndefined()
})

test('says what it found instead of a transaction', () => {
  const parts = chainBytes([{}, { body: Buffer.alloc(40, 7) }, {}])
  const end = 128 + parts[0]!.length
  const commit = end + parts[1]!.length - 22
  const file = log(...parts)
  file[end + 60]! ^= 1
  expect(scanLog(file).end).toMatchObject({
    reason: 'torn',
    end,
    next: { id: 3 },
    expected: `checksum ${parts[1]!.readUInt32LE(parts[1]!.length - 4)} of transaction 3 (COMMIT at offset ${commit})`,
    found: `checksum ${crc32c(file.subarray(end, commit + 18))}`,
  })
  expect(scanLog(file.subarray(0, commit)).end).toMatchObject({
    expected: 'the COMMIT entry of transaction 3',
    found: `${commit - end} bytes without it`,
  })
  expect(scanLog(file.subarray(0, end + 5)).end).toMatchObject({
    expected: expect.stringContaining('START entry of transaction 3'),
    found: '5 bytes',
  })
})

test('needs to know which transaction to expect in the middle of a file', () => {
  const header = readLogFileHeader(headerBytes(), 'log')!
  expect(() => new TransactionScanner({ header, position: 500 })).toThrow(/offset 500/)
})

test('a time that is no time is no transaction', () => {
  expect(scanLog(log(...chainBytes([{ commitTime: 2 ** 60 }]))).end).toMatchObject({ reason: 'torn', end: 128 })
  expect(scanLog(log(...chainBytes([{ startTime: 2 ** 60 }]))).end).toMatchObject({ reason: 'torn', end: 128 })
})

test('ids beyond 32 bits', () => {
  const id = 2 ** 40 + 5
  const { transactions } = scanLog(Buffer.concat([headerBytes({ lastIdBefore: id - 1 }), ...chainBytes([{}, {}], id)]))
  expect(transactions.map((transaction) => transaction.id)).toEqual([id, id + 1])
})

test('any log, cut anywhere, reads as it was made', () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .constantFrom(12, 20, 25, 33)
      .chain((version) =>
        fc
          .array(fc.constantFrom(version, 5, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0), { maxLength: 300 })
          .map((bytes) => Uint8Array.from(bytes)),
      ),
  )
  const specs = fc
    .array(fc.record({ kernelVersion: fc.integer({ min: 5, max: 33 }), body }), { maxLength: 8 })
    .map((all) => all.toSorted((a, b) => a.kernelVersion - b.kernelVersion))
  const tail = fc.constantFrom(0, 1, 10, 60, 300)
  fc.assert(
    fc.property(specs, tail, fc.array(fc.nat(4000), { maxLength: 10 }), (all, zeros, cuts) => {
      const parts = chainBytes(all)
      const { transactions, end } = scanLog(log(...parts, Buffer.alloc(zeros)), cuts)
      let offset = 128
      const bounds = parts.map((part) => [offset, (offset += part.length)])
      expect(transactions.map((transaction) => [transaction.offset, transaction.end])).toEqual(bounds)
      expect(end).toMatchObject({ reason: zeros === 0 ? 'exact' : 'preallocated', end: offset })
    }),
    { numRuns: 500 },
  )
})
