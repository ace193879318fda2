import type { LogSource } from '../../src/history/logSource.ts'
import type { NewToken } from '../../src/txlog/changes/transactionChanges.ts'
import { chainBytes, headerBytes } from './logBytes.ts'
import { scanLog } from './scanLog.ts'

/** The moment at which transaction 2 of such a log is committed; each other follows a second after the one before it. */
export const firstCommit = Date.UTC(2026, 10, 22, 10)

/** A source of transactions that each consist of some COMMAND entries; the first has id 2. */
export function memoryLog(transactions: readonly (readonly Uint8Array[])[], tokens: readonly NewToken[] = []): LogSource {
  const specs = transactions.map((commands, index) => ({ body: Buffer.concat(commands), commitTime: firstCommit + index * 1000 }))
  const file = Buffer.concat([headerBytes(), ...chainBytes(specs)])
  return {
    name: 'a log in memory',
    tokens: async () => Promise.resolve(tokens),
    stretchTo: () => 0,
    async *transactions(from) {
      for (const transaction of scanLog(file).transactions) {
        if (transaction.id < from) continue
        yield await Promise.resolve({ transaction, bytes: file.subarray(transaction.offset, transaction.end), logVersion: 0 })
      }
    },
  }
}
