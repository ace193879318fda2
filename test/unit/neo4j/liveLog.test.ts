import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findTransaction, liveTransactions } from '../../../src/neo4j/liveLog.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-live-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const make = (): SyntheticLog => SyntheticLog.create(join(folder, 'data'), { kernelVersion: 33 })

/** The ids that are read before an error, and its code. */
async function idsOf(log: SyntheticLog, onBatch = (_logVersion: number): void => {}): Promise<(number | string)[]> {
  const ids: (number | string)[] = []
  try {
    for await (const { logVersion, transactions } of liveTransactions(log.directory, 2)) {
      ids.push(...transactions.map(({ id }) => id))
      onBatch(logVersion)
    }
  } catch (error) {
    ids.push((error as { code: string }).code)
  }
  return ids
}

describe('a log that is damaged', () => {
  test.each(['byte', 'zeros'] as const)('is read up to there, and no further as if it ended there (%s)', async (how) => {
    expect(await idsOf(make().write(5).damage(4, how))).toEqual([2, 3, 'integrity'])
    expect(await idsOf(make().write(5).damage(4, how).rotate().write(1))).toEqual([2, 3, 'integrity'])
  })

  test('still has the transactions before', async () => {
    const log = make().write(5).damage(4)
    expect(await findTransaction(log.directory, 3)).toMatchObject({ at: 'there' })
    await expect(findTransaction(log.directory, 6)).rejects.toMatchObject({ code: 'integrity' })
  })

  test('is not one whose last transaction was cut off', async () => {
    expect(await idsOf(make().write(3).damage(4))).toEqual([2, 3])
  })
})

describe('a log that is pruned while it is read', () => {
  test('is read on from where it begins now', async () => {
    const log = make().write(3).rotate().write(2).rotate().write(2)
    expect(await idsOf(log, (logVersion) => void (logVersion === 0 && log.prune(2)))).toEqual([2, 3, 4, 7, 8])
  })

  test('a transaction that goes with it is pruned, and not absent', async () => {
    for (let moment = 0; moment < 60; moment++) {
      rmSync(join(folder, 'data'), { recursive: true, force: true })
      const log = make().write(3).rotate().write(2).rotate().write(2)
      const looking = findTransaction(log.directory, 5)
      for (let turn = 0; turn < moment; turn++) await setImmediate()
      log.prune()
      const { at } = await looking
      expect([moment, ['there', 'pruned'].includes(at)]).toEqual([moment, true])
    }
  })
})
