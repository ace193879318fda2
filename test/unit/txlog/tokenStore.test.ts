import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTokenStore, tokenStoreFiles } from '../../../src/txlog/tokenStore.ts'

const pageLength = 8192
const nameLength = 38

/** Puts records into pages, which none of them crosses the border of. */
function paged(records: readonly Buffer[], length: number): Buffer {
  const perPage = Math.floor(pageLength / length)
  const pages = Buffer.alloc(Math.ceil(records.length / perPage) * pageLength)
  for (const [index, record] of records.entries()) {
    record.copy(pages, Math.floor(index / perPage) * pageLength + (index % perPage) * length)
  }
  return pages
}

function nameRecord(text: Buffer, next: number, first: boolean): Buffer {
  const record = Buffer.alloc(nameLength)
  record.writeUInt8(0x10 | (first ? 0 : 0x80), 0)
  record.writeUIntBE(text.length, 1, 3)
  record.writeUInt32BE(next >>> 0, 4)
  text.copy(record, 8)
  return record
}

/** Both files of a token store with these names; undefined is a token that is not in use. */
function storeOf(names: readonly (string | undefined)[], recordLength: number): { records: Buffer; names: Buffer } {
  const header = Buffer.alloc(nameLength)
  header.writeUInt32BE(nameLength)
  const nameRecords: Buffer[] = [header]
  const records = names.map((name) => {
    const record = Buffer.alloc(recordLength)
    if (name === undefined) return record
    record.writeUInt8(1, 0)
    record.writeUInt32BE(nameRecords.length, recordLength - 4)
    const bytes = Buffer.from(name)
    for (let at = 0; at === 0 || at < bytes.length; at += 30) {
      const next = at + 30 < bytes.length ? nameRecords.length + 1 : -1
      nameRecords.push(nameRecord(bytes.subarray(at, at + 30), next, at === 0))
    }
    return record
  })
  return { records: paged(records, recordLength), names: paged(nameRecords, nameLength) }
}

const kinds = Object.values(tokenStoreFiles).map(({ recordLength }) => recordLength)

test.each(kinds)('names are read from records of %i bytes, short and long, over the borders of pages', (recordLength) => {
  const names = Array.from({ length: 3000 }, (_, id) =>
    id === 5 ? undefined : `${id} ${id % 7 === 0 ? 'žluťoučký kůň '.repeat(id % 11) : ''}`,
  )
  const store = storeOf(names, recordLength)
  const expected = names.flatMap((name, id) => (name === undefined ? [] : [{ id, name }]))
  expect(readTokenStore(store.records, store.names, recordLength)).toEqual(expected)
})

test('an empty store, which a running server has for long, has no names', () => {
  const empty = Buffer.alloc(0)
  expect(readTokenStore(empty, empty, 5)).toEqual([])
  expect(readTokenStore(Buffer.alloc(pageLength), Buffer.alloc(pageLength), 5)).toEqual([])
})

test('a name that is not all there is left out', () => {
  const { records, names } = storeOf(['a', 'b'.repeat(40), 'c'], 5)
  names.writeUInt8(0, 3 * nameLength)
  expect(readTokenStore(records, names, 5)).toEqual([
    { id: 0, name: 'a' },
    { id: 2, name: 'c' },
  ])
})

test('a name that goes round in circles is left out', () => {
  const { records, names } = storeOf(['b'.repeat(40)], 5)
  names.writeUInt32BE(1, 2 * nameLength + 4)
  expect(readTokenStore(records, names, 5)).toEqual([])
})

test('damaged files are read without an error', () => {
  const store = storeOf(['a', 'b'.repeat(100), 'c'], 9)
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(200), fc.nat(255)), { maxLength: 8 }), (changes) => {
      const [records, names] = [Buffer.from(store.records), Buffer.from(store.names)]
      for (const [inNames, at, byte] of changes) (inNames ? names : records).writeUInt8(byte, at)
      expect(readTokenStore(records, names, 9).length).toBeLessThanOrEqual(pageLength / 9)
    }),
  )
})
