import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { runSoak } from '../soak/run.ts'
import { tallyText } from '../soak/tally.ts'
import { installed } from '../support/neo4j.ts'

test('[backup.hot] two minutes of random writes, kills and backups: each backup restores to exactly what was committed', async () => {
  const installation = await installed(namedVersions.lts)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-soak-'))
  const lines: string[] = []
  const tally = await runSoak({
    minutes: 2,
    atLeast: 2,
    seed: String(Date.now()),
    installation,
    folder,
    say: (line) => lines.push(line),
  })
  const story = [...lines, tallyText(tally)].join('\n')
  expect(tally.failures, story).toBe(0)
  expect(tally.rounds, story).toBeGreaterThanOrEqual(2)
  expect(tally.transactionsDecoded, story).toBeGreaterThan(0)
  expect(tally.entitiesCompared, story).toBeGreaterThan(10_000)
  expect(tally.killsOfNeo4j, story).toBeGreaterThan(0)
})
