import { crc32c } from '@node-rs/crc32'
import { expect, test } from 'vitest'
import { readLogFileHeader } from '../../../src/txlog/logFileHeader.ts'
import { TransactionScanner } from '../../../src/txlog/transactionScanner.ts'
import { headerBytes, startBytes } from '../../support/logBytes.ts'

test('holds no more of a large transaction than of a small one', () => {
  const spec = { id: 2, kernelVersion: 33 }
  const scanner = new TransactionScanner({ header: readLogFileHeader(headerBytes(), 'log')! })
  const chunk = Buffer.alloc(1 << 20, 'property value ')
  const start = startBytes(spec)
  const commit = Buffer.concat([
    Buffer.from([33, 5]),
    startBytes({ id: 0, startTime: 2, lastCommitted: 1_700_000_000_000 }).subarray(2, 18),
  ])
  let checksum = crc32c(start)
  const before = process.memoryUsage()
  const transactions: unknown[] = []
  scanner.push(start, (transaction) => transactions.push(transaction))
  for (let pushed = 0; pushed < 200; pushed++) {
    checksum = crc32c(chunk, checksum)
    scanner.push(chunk, (transaction) => transactions.push(transaction))
  }
  const after = process.memoryUsage()
  expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(5 << 20)
  checksum = crc32c(commit, checksum)
  scanner.push(Buffer.concat([commit, Buffer.from(Uint32Array.of(checksum).buffer)]), (transaction) =>
    transactions.push(transaction),
  )
  expect(scanner.end((transaction) => transactions.push(transaction)).reason).toBe('exact')
  expect(transactions).toMatchObject([{ id: 2, checksum, end: 128 + start.length + (200 << 20) + 22 }])
})
