import { HoldfastError } from '../core/errors.ts'

/** How a bookmark begins: `FB:` and, in Base64, PackStream's marks of a list and of a byte array of 16, the database's id. */
const beginning = 'FB:kcwQ'
/** Where in the decoded bytes the transaction's id begins. */
const idOffset = 3 + 16

/** How many bytes follow PackStream's mark of an integer; a smaller one is the mark itself. */
const integerSizes: Readonly<Record<number, number>> = { 0xc8: 1, 0xc9: 2, 0xca: 4, 0xcb: 8 }

/**
 * The transaction that a bookmark of Neo4j 5 or later stands for: after a write the transaction itself, after a read the last one
 * that it could see.
 * @throws HoldfastError `failed` where the bookmark is of another form.
 */
export function transactionOfBookmark(bookmark: string): bigint {
  const bytes = Buffer.from(bookmark.slice('FB:'.length), 'base64')
  const mark = bytes[idOffset] ?? 0xff
  const size = integerSizes[mark] ?? 0
  const isInteger = mark < 0x80 || size > 0
  if (!bookmark.startsWith(beginning) || !isInteger || bytes.length <= idOffset + size) {
    throw new HoldfastError('failed', `cannot read the transaction id of a bookmark: expected ${beginning}…, found ${bookmark}`)
  }
  return size === 0 ? BigInt(mark) : BigInt.asIntN(64, BigInt(`0x${bytes.toString('hex', idOffset + 1, idOffset + 1 + size)}`))
}
