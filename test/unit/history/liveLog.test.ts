import { appendFile, mkdtemp, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { liveLog } from '../../../src/history/liveLog.ts'
import { chainBytes, headerBytes } from '../../support/logBytes.ts'
import { dataDirectoryOf, logFile, realLog } from '../../support/logFolder.ts'
import { failure, patterned } from '../../support/streams.ts'
import { expectedFiles, fixture } from '../../support/txlogFixtures.ts'

let folder: string
const { signal } = new AbortController()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-live-log-'))
})
afterEach(async () => rm(folder, { recursive: true }))

async function idsOf(dataDir: string, from = 0, read = signal): Promise<number[]> {
  const found = await Array.fromAsync(liveLog({ dataDir, database: 'neo4j' }, read).transactions(from))
  return found.map(({ transaction }) => transaction.id)
}

const sequence = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)

test.each(['5.13.0', '5.26.30', '2026.09.0'] as const)(
  'the log of a %s is read over its files, each transaction with its place',
  async (set) => {
    const dataDir = await dataDirectoryOf(folder, realLog(set))
    const found = await Array.fromAsync(liveLog({ dataDir, database: 'neo4j' }, signal).transactions(0))
    const expected = [0, 1, 2].flatMap((version) =>
      expectedFiles(set)[`neo4j/neostore.transaction.db.${version}`]!.transactions!.map((transaction) => ({
        logVersion: version,
        transaction,
      })),
    )
    expect(found.map(({ logVersion, transaction }) => ({ logVersion, transaction }))).toEqual(expected)
    for (const { transaction, bytes } of found) expect(bytes.length).toBe(transaction.end - transaction.offset)
  },
)

test('files that hold nothing from the wanted transaction on are left out', async () => {
  const dataDir = await dataDirectoryOf(folder, realLog('5.26.30'))
  const { transactions } = expectedFiles('5.26.30')['neo4j/neostore.transaction.db.1']!
  const [first, last] = [transactions![0]!.id, transactions!.at(-1)!.id]
  expect((await idsOf(dataDir, first))[0]).toBe(first)
  expect((await idsOf(dataDir, last))[0]).toBe(first)
  expect((await idsOf(dataDir, last + 1))[0]).toBe(last + 1)
  expect((await idsOf(dataDir, first - 1))[0]).toBe(2)
  expect((await idsOf(dataDir, 1_000_000))[0]).toBe(last + 1)
})

const small = chainBytes([{}, { body: patterned(500) }, {}, { body: patterned(3000) }])
const [first, second, third, fourth] = small as [Buffer, Buffer, Buffer, Buffer]

test.each([
  ['exactly', Buffer.alloc(0)],
  ['in zeros', Buffer.alloc(5000)],
  ['in a transaction that was cut off', fourth.subarray(0, 700)],
  ['in one that was cut off, with zeros behind', Buffer.concat([fourth.subarray(0, 700), Buffer.alloc(5000)])],
])('the newest file may end %s', async (_, tail) => {
  const dataDir = await dataDirectoryOf(folder, [Buffer.concat([headerBytes(), first, second, third, tail])])
  expect(await idsOf(dataDir)).toEqual([2, 3, 4])
})

test('a transaction that is being written is waited for', async () => {
  const half = 1500
  const dataDir = await dataDirectoryOf(folder, [Buffer.concat([headerBytes(), first, second, third, fourth.subarray(0, half)])])
  const reading = idsOf(dataDir)
  await delay(120)
  await appendFile(logFile(dataDir, 0), fourth.subarray(half))
  expect(await reading).toEqual([2, 3, 4, 5])
})

test('a newest file that Neo4j has only just made is no more than that', async () => {
  const dataDir = await dataDirectoryOf(folder, [Buffer.concat([headerBytes(), first, second]), Buffer.alloc(5000)])
  expect(await idsOf(dataDir)).toEqual([2, 3])
})

test('files that are pruned while the log is read are read all the same', async () => {
  const dataDir = await dataDirectoryOf(folder, realLog('5.26.30'))
  const found: number[] = []
  for await (const { transaction } of liveLog({ dataDir, database: 'neo4j' }, signal).transactions(0)) {
    if (found.length === 0) for (const version of [0, 1]) await unlink(logFile(dataDir, version))
    found.push(transaction.id)
  }
  expect(found).toEqual(sequence(2, 303))
})

test('the oldest file need not be the first', async () => {
  const dataDir = await dataDirectoryOf(folder, realLog('5.26.30'))
  await unlink(logFile(dataDir, 0))
  const ids = await idsOf(dataDir)
  expect(ids).toEqual(sequence(expectedFiles('5.26.30')['neo4j/neostore.transaction.db.1']!.transactions![0]!.id, 303))
})

test('damage ends the reading with an error, after what is before it', async () => {
  const damaged = Buffer.from(second)
  damaged.writeUInt8(damaged.readUInt8(300) ^ 1, 300)
  const dataDir = await dataDirectoryOf(folder, [Buffer.concat([headerBytes(), first, damaged, third])])
  const found: number[] = []
  const read = async (): Promise<void> => {
    for await (const { transaction } of liveLog({ dataDir, database: 'neo4j' }, signal).transactions(0))
      found.push(transaction.id)
  }
  expect(await failure(read())).toMatchObject({
    code: 'integrity',
    message: expect.stringMatching(/db\.0: damaged at offset/) as string,
  })
  expect(found).toEqual([2])
})

test('a file in the middle that ends in a transaction that was cut off is damage', async () => {
  const files = realLog('5.26.30')
  const dataDir = await dataDirectoryOf(folder, files)
  await truncate(logFile(dataDir, 1), files[1]!.length - 10)
  expect(await failure(idsOf(dataDir))).toMatchObject({ code: 'integrity' })
})

test('a missing file, one without a header, and none at all are errors that say so', async () => {
  const dataDir = await dataDirectoryOf(folder, realLog('5.26.30'))
  await writeFile(logFile(dataDir, 1), Buffer.alloc(10))
  expect(await failure(idsOf(dataDir))).toMatchObject({
    code: 'integrity',
    message: expect.stringMatching(/db\.1 has no header/) as string,
  })
  await unlink(logFile(dataDir, 1))
  expect(await failure(idsOf(dataDir))).toMatchObject({
    code: 'neo4j-unavailable',
    message: expect.stringMatching(/file 1 .* was pruned/) as string,
  })
  for (const version of [0, 2]) await unlink(logFile(dataDir, version))
  expect(await failure(idsOf(dataDir))).toMatchObject({
    code: 'neo4j-unavailable',
    message: expect.stringMatching(/no transaction log/) as string,
  })
})

test('the tail that a killed server left is no damage', async () => {
  const dataDir = await dataDirectoryOf(folder, [])
  await writeFile(logFile(dataDir, 5), fixture('5.13.0/killed/neostore.transaction.db.5'))
  expect(await idsOf(dataDir)).toEqual(sequence(271, 304))
})

test('an interruption ends it', async () => {
  const dataDir = await dataDirectoryOf(folder, realLog('5.26.30'))
  expect(await failure(idsOf(dataDir, 0, AbortSignal.abort()))).toMatchObject({ name: 'AbortError' })
})
