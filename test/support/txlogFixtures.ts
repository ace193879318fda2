import { readFileSync } from 'node:fs'
import { zstdDecompressSync } from 'node:zlib'
import type { Transaction } from '../../src/txlog/transaction.ts'

const folder = new URL('../fixtures/txlog/', import.meta.url)

/** The sets of real log files, one for each server they were made with, and one with every kernel version. */
export const fixtureSets = ['5.13.0', '5.26.30', '2026.09.0', 'every-kernel-version'] as const

export interface ExpectedCheckpoint {
  offset: number
  end: number
  kernelVersion: number
  position: [logVersion: number, byteOffset: number]
  oldestNotCompleted?: [logVersion: number, byteOffset: number]
  transaction: { id: number; checksum: number; commitTime: number; appendIndex?: number; kernelVersion?: number }
  reason: string
  storeId: [creationTime: number, random: string]
  time?: number
}

/** What Neo4j's own reader found in a log file. */
export interface ExpectedFile {
  transactions?: Transaction[]
  checkpoints?: ExpectedCheckpoint[]
}

/** The bytes of a log file such as `5.13.0/neo4j/neostore.transaction.db.0`. */
export function fixture(path: string): Buffer {
  return zstdDecompressSync(readFileSync(new URL(`${path}.zst`, folder)))
}

/** What Neo4j's own reader found in each file of a set, by the file's path in the set. */
export function expectedFiles(set: (typeof fixtureSets)[number]): Record<string, ExpectedFile> {
  const json = JSON.parse(readFileSync(new URL(`${set}/expected.json`, folder), 'utf8')) as Record<
    string,
    { transactions?: (number | null)[][]; checkpoints?: ExpectedCheckpoint[] }
  >
  return Object.fromEntries(
    Object.entries(json).map(([path, { transactions, checkpoints }]) => [
      path,
      { ...(transactions && { transactions: transactions.map(named) }), ...(checkpoints && { checkpoints }) },
    ]),
  )
}

function named(row: (number | null)[]): Transaction {
  const [id, offset, end, , commitTime, checksum, previousChecksum, kernelVersion] = row.map((value) => value ?? undefined)
  return { id, offset, end, commitTime, checksum, previousChecksum, kernelVersion } as Transaction
}
