import fc from 'fast-check'
import { expect, test } from 'vitest'
import { transactionOfBookmark } from '../../../src/neo4j/bookmark.ts'

test.each([
  ['5.13.0', 'FB:kcwQwRI2PpLsTHK2Mf52mR87hhGQ', 17n],
  ['5.26.30', 'FB:kcwQpgiQE33xRjeiHUwnqM6olxSQ', 20n],
  ['2026.09.0', 'FB:kcwQX6P0gRFbTbKVyDGXbwx6xxOQ', 19n],
])('a bookmark of %s', (_, bookmark, transaction) => {
  expect(transactionOfBookmark(bookmark)).toBe(transaction)
})

test('an id of any width', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 62n }), (id) => {
      expect(transactionOfBookmark(bookmarkOf(id))).toBe(id)
    }),
  )
  for (const id of [127n, 128n, 32_767n, 32_768n, 2n ** 31n - 1n, 2n ** 31n]) {
    expect(transactionOfBookmark(bookmarkOf(id))).toBe(id)
  }
})

test.each(['', 'FB:', 'FB:kcwQ', 'neo4j:bookmark:v1:tx42', 'FB:kcwQwRI2PpLsTHK2Mf52mR87hg==', 'FB:kcwQwRI2PpLsTHK2Mf52mR87hsvA'])(
  '%j is refused',
  (text) => {
    expect(() => transactionOfBookmark(text)).toThrow(expect.objectContaining({ code: 'failed' }))
  },
)

/** A bookmark as Neo4j writes it, with PackStream's smallest form of the id. */
function bookmarkOf(id: bigint): string {
  const sizes = [
    { mark: 0xc9, bytes: 2 },
    { mark: 0xca, bytes: 4 },
    { mark: 0xcb, bytes: 8 },
  ]
  const size = sizes.find(({ bytes }) => id < 2n ** BigInt(bytes * 8 - 1))!
  const wide = Buffer.from(id.toString(16).padStart(size.bytes * 2, '0'), 'hex')
  const integer = id < 128n ? Buffer.from([Number(id)]) : Buffer.concat([Buffer.from([size.mark]), wide])
  return `FB:${Buffer.concat([Buffer.from([0x91, 0xcc, 16]), Buffer.alloc(16, 7), integer, Buffer.from([0x90])]).toString('base64')}`
}
