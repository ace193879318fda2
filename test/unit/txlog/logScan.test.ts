import { expect, test } from 'vitest'
import type { LogEnd } from '../../../src/txlog/logEnd.ts'
import { behind, requireLogEnd, scanLog } from '../../../src/txlog/logScan.ts'
import type { Transaction } from '../../../src/txlog/transaction.ts'
import { chainBytes, headerBytes } from '../../support/logBytes.ts'
import { failure, patterned } from '../../support/streams.ts'

const chain = chainBytes([{}, { body: patterned(3000) }, {}, {}])
const file = (count: number): Buffer => Buffer.concat([headerBytes(), ...chain.slice(0, count)])
const header = { lastIdBefore: 1 }

async function* bytesFrom(bytes: Buffer, offset: number): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes.subarray(offset))
}

/** The end of a file that was read as `before` and is `now` when it is looked at again, and the transactions that are found then. */
async function endOf(before: Buffer, now: Buffer): Promise<{ ids: number[]; end: LogEnd }> {
  const ignore = (): void => {}
  const scanned = await scanLog(bytesFrom(before, 128), { header }, ignore)
  const scan = async function* (from: LogEnd): AsyncGenerator<Transaction, LogEnd> {
    const found: Transaction[] = []
    const end = await scanLog(bytesFrom(now, from.end), behind(from), (transaction) => found.push(transaction))
    yield* found
    return end
  }
  const ids: number[] = []
  const ending = requireLogEnd('log', scanned, { newest: true, rest: ({ end }) => bytesFrom(now, end), scan })
  for (;;) {
    const { done, value } = await ending.next()
    if (done) return { ids, end: value }
    ids.push(value.id)
  }
}

test('a transaction that is finished between the scan and the search behind it is no damage', async () => {
  const torn = file(2).subarray(0, -500)
  expect(await endOf(torn, file(2))).toMatchObject({ ids: [3], end: { reason: 'exact', end: file(2).length } })
  expect(await endOf(torn, file(4))).toMatchObject({ ids: [3, 4, 5], end: { reason: 'exact', end: file(4).length } })
})

test('nor is one that is still being written by then', async () => {
  expect(await endOf(file(2).subarray(0, -500), file(2).subarray(0, -20))).toMatchObject({ ids: [], end: { reason: 'torn' } })
  expect(await endOf(file(2).subarray(0, -500), file(3).subarray(0, -20))).toMatchObject({ ids: [3], end: { reason: 'torn' } })
})

test('a place that cannot be read, with a whole transaction behind it, is damage however often it is looked at', async () => {
  const damaged = file(4)
  damaged[file(1).length + 100]! ^= 1
  expect(await failure(endOf(damaged, damaged))).toMatchObject({
    code: 'integrity',
    hint: expect.stringContaining('Transaction 4'),
  })
})
