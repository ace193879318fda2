import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../../../src/repository/repository.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { TickingClock } from '../../support/manualClock.ts'
import { at, planTo, tx } from '../../support/planning.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

let folder: string
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-replay-'))
  repository = await newRepository({ clock: new TickingClock() })
  log = SyntheticLog.create(join(folder, 'data'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('[archive.point-in-time] a transaction of a clock that was ahead', () => {
  const ahead = { commitTime: firstCommit + 86_400_000, body: 'of tomorrow' }

  test.each([
    ['within a segment', [[[2], [1, ahead], [50]]]],
    ['as the last of its segment', [[[2], [1, ahead]], [[42]], [[1]], [[7]]]],
  ] as const)(
    '%s ends a restore to a moment, and what comes behind it and was committed before the moment is told',
    async (_, parts) => {
      await backUpLogs(repository, log.write(3))
      for (const part of parts)
        await archiveAll(
          repository,
          part.reduce((to, [count, time]) => to.write(count, time), log),
        )
      for (const [moment, count, last] of [
        [at(57), 50, 57],
        [at(50), 43, 50],
      ] as const) {
        const { replays, doubts } = await planTo(repository, moment)
        expect(replays[0]).toMatchObject({ to: { id: 6 }, bounded: true })
        expect(doubts).toEqual([
          expect.stringMatching(
            `neo4j ends before transaction 7, which was committed at 2026-01-02T00:00:00.000Z, .*; at least ${count} later transactions, up to transaction ${last},`,
          ),
        ])
      }
      for (const point of [at(6, 500), at(7), tx(7), tx(30), { kind: 'latest' } as const])
        expect((await planTo(repository, point)).doubts).toEqual([])
    },
  )

  test('is told of the other databases, too, but not of what a restore gave up', async () => {
    const system = SyntheticLog.create(join(folder, 'data'), { database: 'system', store: { ...sampleStore, random: '4711' } })
    await backUpLogs(repository, log.write(3), system.write(1))
    system.write(1, ahead).write(3)
    await archiveAll(repository, log.write(6))
    await archiveAll(repository, system)
    const { replays, doubts } = await planTo(repository, tx(8))
    expect(replays.map(({ to }) => to.id)).toEqual([8, 2])
    expect(doubts).toEqual([
      expect.stringMatching('^system ends before transaction 3, .* at least 3 later transactions, up to transaction 6,'),
    ])
    const dataDir = join(folder, 'restored')
    system.copyUpTo(2, dataDir)
    const restored = log.copyUpTo(8, dataDir).write(2, { commitTime: firstCommit + 20_000 })
    await archiveAll(repository, restored)
    expect(await planTo(repository, tx(10))).toMatchObject({ replays: [{ to: { id: 10 } }, { to: { id: 2 } }], doubts: [] })
  })
})
