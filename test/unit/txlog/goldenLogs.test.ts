import { expect, test, describe } from 'vitest'
import { continueLog } from '../../../src/txlog/logChain.ts'
import type { ScannedFile } from '../../../src/txlog/logChain.ts'
import { readLogFileHeader } from '../../../src/txlog/logFileHeader.ts'
import { findLater, scanLog } from '../../support/scanLog.ts'
import { expectedFiles, fixture, fixtureSets } from '../../support/txlogFixtures.ts'

const logs = fixtureSets.flatMap((set) =>
  Object.entries(expectedFiles(set)).flatMap(([file, { transactions }]) =>
    transactions ? [{ path: `${set}/${file}`, transactions }] : [],
  ),
)

describe.each(logs)('$path', ({ path, transactions }) => {
  const bytes = fixture(path)

  test('has the transactions that Neo4j reads in it, and the end that Neo4j found', () => {
    const scan = scanLog(bytes)
    expect(scan.transactions).toEqual(transactions)
    const { end, last, reason } = scan.end
    expect(last).toEqual(transactions.at(-1))
    expect(end).toBe(transactions.at(-1)?.end ?? 128)
    if (path.includes('/killed/')) expect(reason).toBe('torn')
    else expect(reason).toBe(end === bytes.length ? 'exact' : 'preallocated')
    expect(findLater(bytes, scan)).toBeUndefined()
  })

  test('can be read from each of its transactions on', () => {
    for (const [index, { id, offset, previousChecksum }] of transactions.entries()) {
      if (index % 10 !== 0) continue
      const scan = scanLog(bytes.subarray(0, transactions.at(-1)!.end), [], {
        position: offset,
        expectedId: id,
        previousChecksum,
      })
      expect(scan.transactions).toEqual(transactions.slice(index))
      expect(scan.end.reason).toBe('exact')
    }
  })
})

describe.each(logs.filter(({ path, transactions }) => transactions.length > 0 && !/neo4j\/.*[1-9]$|killed/.test(path)))(
  '$path, in pieces',
  ({ path, transactions }) => {
    test('reads the same wherever the bytes are split', () => {
      // Some transactions, a part of the next one or of the zeros behind: each byte of a START and a COMMIT is a place to split at.
      const few = transactions.slice(0, 8)
      const bytes = fixture(path).subarray(0, Math.min(few.at(-1)!.end + 100, 3000))
      const whole = scanLog(bytes)
      expect(scanLog(bytes, Array.from(bytes.keys()))).toEqual(whole)
      for (let cut = 129; cut < bytes.length; cut++) expect(scanLog(bytes, [cut])).toEqual(whole)
    })
  },
)

test('the real logs hold values that look like COMMIT entries', () => {
  const bytes = fixture('5.26.30/neo4j/neostore.transaction.db.0')
  const ends = new Set(scanLog(bytes).transactions.map(({ end }) => end - 22))
  let lookalikes = 0
  for (const { id, kernelVersion } of scanLog(bytes).transactions) {
    const pattern = Buffer.from([kernelVersion, 5, id & 255, id >> 8, 0, 0, 0, 0, 0, 0])
    for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) if (!ends.has(at)) lookalikes++
  }
  expect(lookalikes).toBeGreaterThan(100)
})

test.each([
  ['5.13.0/neo4j', [0, 1, 2, 3, 4, 5]],
  ['5.26.30/neo4j', [0, 1, 2]],
  ['2026.09.0/neo4j', [0, 1, 2]],
  ['5.26.30/loaded', [1, 2]],
  ['2026.09.0/loaded', [1, 2]],
  ['every-kernel-version/written', [0, 1]],
])('the files of %s continue each other', (folder, numbers) => {
  let before: ScannedFile | undefined
  for (const number of numbers) {
    const file = `${folder}/neostore.transaction.db.${number}`
    const bytes = fixture(file)
    const header = readLogFileHeader(bytes, file)!
    expect(header.logVersion).toBe(number)
    const scan = scanLog(bytes, [], before ? continueLog(before, header, file) : { header })
    expect(['exact', 'preallocated']).toContain(scan.end.reason)
    expect(scan.transactions.length).toBeGreaterThan(0)
    before = { header, end: scan.end }
  }
})

test('the tail of a killed server is not damage: Neo4j cut its log to the same end when it recovered', () => {
  const killed = scanLog(fixture('5.13.0/killed/neostore.transaction.db.5'))
  expect(killed.end).toMatchObject({ reason: 'torn', end: 6543, next: { id: 305 } })
  expect(expectedFiles('5.13.0')['restarted/checkpoint.0']!.checkpoints![2]).toMatchObject({
    reason: 'Checkpoint triggered by "Recovery completed." @ txId: 304',
    position: [5, 6543],
  })
})
