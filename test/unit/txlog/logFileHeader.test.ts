import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { readLogFileHeader } from '../../../src/txlog/logFileHeader.ts'
import { describeStoreId, sameStore } from '../../../src/txlog/storeId.ts'
import { headerBytes, sampleStore } from '../../support/logBytes.ts'
import { expectedFiles, fixture, fixtureSets } from '../../support/txlogFixtures.ts'

const read = (bytes: Uint8Array) => readLogFileHeader(bytes, 'data/neostore.transaction.db.7')

test('reads the header of each real log file', () => {
  for (const set of fixtureSets) {
    for (const [file, { transactions }] of Object.entries(expectedFiles(set))) {
      const header = readLogFileHeader(fixture(`${set}/${file}`), file)!
      expect(header.logVersion).toBe(Number(file.split('.').at(-1)))
      expect(header.storeId).toMatchObject({ engine: 'record', majorVersion: 1, minorVersion: 1 })
      expect(header.storeId.family).toBe(set === '5.26.30' && file.startsWith('loaded') ? 'standard' : 'aligned')
      if (transactions?.[0]) expect(header.lastIdBefore).toBe(transactions[0].id - 1)
      const first = transactions?.[0]?.kernelVersion
      if (first !== undefined) expect(header.format).toBe(first < 17 ? 8 : 9)
    }
  }
})

test.each([8, 9])('reads format %i', (format) => {
  expect(read(headerBytes({ format, logVersion: 7, lastIdBefore: 41 }))).toEqual({
    format,
    logVersion: 7,
    lastIdBefore: 41,
    storeId: { ...sampleStore, majorVersion: 1, minorVersion: 1 },
  })
})

test('a header that is not written yet is none', () => {
  expect(read(new Uint8Array())).toBeUndefined()
  expect(read(headerBytes().subarray(0, 127))).toBeUndefined()
  expect(read(new Uint8Array(4096))).toBeUndefined()
})

test.each([6, 7, 10, 11, 255])('refuses format %i and says which ones it reads', (format) => {
  expect(() => read(headerBytes({ format }))).toThrow(
    expect.objectContaining({
      code: 'failed',
      message: `data/neostore.transaction.db.7: unsupported log format ${format}`,
      hint: 'Holdfast reads log formats 8 and 9, written at kernel versions 5 (V5_0) to 33 (V2026_10).',
    }),
  )
})

test.each([
  ['block', 'block'],
  ['record', 'high_limit'],
])('refuses a store of format %s-%s', (engine, family) => {
  expect(() => read(headerBytes({ store: { ...sampleStore, engine, family } }))).toThrow(
    expect.objectContaining({
      code: 'failed',
      message: `data/neostore.transaction.db.7: unsupported store format ${engine}-${family}-1.1`,
    }),
  )
})

test('refuses a store id that is none', () => {
  for (const [at, byte] of [
    [24, 2],
    [41, 0],
    [41, 200],
    [42, 0],
    [25, 0x7f],
  ] as const) {
    const bytes = headerBytes()
    bytes[at] = byte
    expect(() => read(bytes)).toThrow(
      expect.objectContaining({ code: 'integrity', message: expect.stringContaining('store id is damaged') }),
    )
  }
})

test('refuses a negative id', () => {
  expect(() => read(headerBytes({ lastIdBefore: -5 }))).toThrow(
    expect.objectContaining({ code: 'integrity', message: expect.stringContaining('-5') }),
  )
})

test('takes any bytes without failing in an unforeseen way', () => {
  const header = headerBytes()
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(127), fc.nat(255)), { maxLength: 6 }), (changes) => {
      const bytes = Buffer.from(header)
      for (const [at, byte] of changes) bytes[at] = byte
      try {
        const read = readLogFileHeader(bytes, 'log')
        if (read) expect(describeStoreId(read.storeId)).toContain('record-')
      } catch (error) {
        expect(error).toBeInstanceOf(HoldfastError)
      }
    }),
    { numRuns: 2000 },
  )
})

test('two store ids are the same store when time and random number are', () => {
  const id = read(headerBytes())!.storeId
  expect(sameStore(id, { ...id, minorVersion: 2 })).toBe(true)
  expect(sameStore(id, { ...id, random: '78' })).toBe(false)
  expect(sameStore(id, { ...id, creationTime: 5 })).toBe(false)
})
