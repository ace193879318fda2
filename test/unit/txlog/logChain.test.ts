import { describe, expect, test } from 'vitest'
import { continueLog } from '../../../src/txlog/logChain.ts'
import { readLogFileHeader } from '../../../src/txlog/logFileHeader.ts'
import { chainBytes, headerBytes, sampleStore } from '../../support/logBytes.ts'
import { findLater, scanLog } from '../../support/scanLog.ts'

const kernelVersion = 20
const parts = chainBytes(Array.from({ length: 4 }, () => ({ kernelVersion, body: Buffer.alloc(50, 1) })))
const first = Buffer.concat([headerBytes({ logVersion: 6, lastIdBefore: 1 }), ...parts.slice(0, 2)])
const second = Buffer.concat([headerBytes({ logVersion: 7, lastIdBefore: 3 }), ...parts.slice(2)])
const before = { header: readLogFileHeader(first, 'log 6')!, end: scanLog(first).end }
const header = (spec: Parameters<typeof headerBytes>[0]) => readLogFileHeader(headerBytes(spec), 'log')!

test('a file continues the one before it', () => {
  const options = continueLog(before, readLogFileHeader(second, 'log 7')!, 'log 7')
  expect(scanLog(second, [], options).transactions.map(({ id }) => id)).toEqual([4, 5])
})

test('a file continues one that holds no transactions, as that one would have', () => {
  const empty = headerBytes({ logVersion: 7, lastIdBefore: 3 })
  const options = continueLog(before, readLogFileHeader(empty, 'log 7')!, 'log 7')
  const then = { header: options.header, end: scanLog(empty, [], options).end }
  expect(continueLog(then, header({ logVersion: 8, lastIdBefore: 3 }), 'log 8')).toEqual({
    header: header({ logVersion: 8, lastIdBefore: 3 }),
    expectedId: 4,
    previousChecksum: before.end.last!.checksum,
  })
})

describe('a file does not continue one', () => {
  test.each([
    [
      'of another store',
      { store: { ...sampleStore, random: '5' } },
      'store record-aligned-1.1 created 2023-11-14T22:13:20.123Z (5)',
    ],
    ['when one between them is missing', { logVersion: 8, lastIdBefore: 9 }, 'expected log version 7, found log version 8'],
    [
      'whose last transactions are missing',
      { lastIdBefore: 4 },
      'expected transaction 3 as the last one before it, found transaction 4',
    ],
    ['that went on', { lastIdBefore: 2 }, 'expected transaction 3 as the last one before it, found transaction 2'],
  ])('%s', (_, spec, message) => {
    expect(() => continueLog(before, header({ logVersion: 7, lastIdBefore: 3, ...spec }), 'log 7')).toThrow(
      expect.objectContaining({
        code: 'integrity',
        message: expect.stringContaining(message),
        hint: expect.stringContaining('base backup'),
      }),
    )
  })

  test('with the same ids but another history', () => {
    const other = chainBytes([{ kernelVersion }, { kernelVersion }], 4, 12345)
    const file = Buffer.concat([second.subarray(0, 128), ...other])
    const scan = scanLog(file, [], continueLog(before, readLogFileHeader(file, 'log 7')!, 'log 7'))
    expect(scan.end).toMatchObject({
      reason: 'torn',
      end: 128,
      expected: `the START entry of transaction 4 after checksum ${before.end.last!.checksum}`,
      found: 'a START entry after checksum 12345',
    })
    expect(findLater(file, scan)).toEqual({ id: 4, offset: 128 })
  })
})
