import { expect, test } from 'vitest'
import { readLogFileHeader } from '../../../src/txlog/logFileHeader.ts'
import { transactionsIn } from '../../../src/txlog/transactionBytes.ts'
import { chainBytes, headerBytes } from '../../support/logBytes.ts'
import { patterned } from '../../support/streams.ts'
import { expectedFiles, fixture } from '../../support/txlogFixtures.ts'

/** The chunks of a stream, without waiting. */
async function* streamOf(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield await Promise.resolve(chunk)
}

async function readIn(file: Buffer, chunkLength: number) {
  const chunks: Buffer[] = []
  for (let at = 128; at < file.length; at += chunkLength) chunks.push(file.subarray(at, at + chunkLength))
  const reading = transactionsIn(streamOf(chunks), { header: readLogFileHeader(file, 'log')!, position: 128 })
  const found = []
  for (let next = await reading.next(); ; next = await reading.next()) {
    if (next.done) return { found, end: next.value }
    found.push(next.value)
  }
}

test.each([50_000, 1 << 20])('a real log in chunks of %i bytes gives the bytes of each transaction', async (chunkLength) => {
  const path = '5.26.30/neo4j/neostore.transaction.db.0'
  const file = fixture(path)
  const { found, end } = await readIn(file, chunkLength)
  expect(found.map(({ transaction }) => transaction)).toEqual(
    expectedFiles('5.26.30')['neo4j/neostore.transaction.db.0']!.transactions,
  )
  for (const { transaction, bytes } of found) expect(bytes.equals(file.subarray(transaction.offset, transaction.end))).toBe(true)
  expect(end.end).toBe(found.at(-1)!.transaction.end)
})

test.each([1, 7, 100, 4096])('transactions that span many chunks of %i bytes come whole', async (chunkLength) => {
  const transactions = chainBytes([{ body: patterned(3000) }, {}, { body: patterned(10_000, 2) }, { body: patterned(10, 3) }])
  const { found, end } = await readIn(Buffer.concat([headerBytes(), ...transactions, Buffer.alloc(500)]), chunkLength)
  expect(found.map(({ bytes }) => bytes.toString('hex'))).toEqual(transactions.map((bytes) => bytes.toString('hex')))
  expect(end.reason).toBe('preallocated')
})
