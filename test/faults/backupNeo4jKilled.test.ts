import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silent } from '../../src/core/progress.ts'
import { BusyWriter } from '../../src/demo/busyWriter.ts'
import { countRestored } from '../../src/demo/restoredNotes.ts'
import { loadSampleGraph } from '../../src/demo/sampleGraph.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { after, atChange } from '../support/faultsMoment.ts'
import { holdfast, resultOf, startHoldfast, succeed } from '../support/holdfast.ts'
import { startIn, withFolder } from '../support/neo4j.ts'

test('[crash.no-half-backup] [backup.without-bolt] where Neo4j is killed during a backup, it is finished from the files and holds what was confirmed', async () => {
  await withFolder('backup-neo4j-killed', async (folder) => {
    const repo = join(folder, 'repo')
    await succeed('repo', 'init', '--repo', repo)
    const { confirmed, sent } = await backUpWhileKilled(join(folder, 'killed'), repo)

    const target = join(folder, 'restored', 'data')
    const { result, story } = await holdfast<{ verdict: string }>('restore', 'start', '--to-dir', target, '--repo', repo)
    expect(result.verdict, story).toBe('good')
    await using restored = await startIn(join(folder, 'restored'), namedVersions.lts)
    await using graph = await restored.connect()
    const found = await countRestored(graph)
    expect(found.count).toBe(found.last)
    expect(found.last).toBeGreaterThanOrEqual(confirmed)
    expect(found.last).toBeLessThanOrEqual(sent)
  })
})

async function backUpWhileKilled(folder: string, repo: string): Promise<{ confirmed: number; sent: number }> {
  await using server = await startIn(folder, namedVersions.lts, { settings: { 'db.checkpoint.interval.time': '1s' } })
  await using graph = await server.connect()
  await loadSampleGraph(graph, 1500, silent)
  await using writing = await server.connect()
  const writer = new BusyWriter(writing)
  await writer.advance(30)
  const confirmed = writer.acknowledged
  const words = ['backup', 'create', '--data-dir', server.dataDir, '--repo', repo, '--uri', server.boltUri]
  const run = startHoldfast([...words, '--max-rate', '2MB'])
  using killed = after(atChange(join(repo, '.unfinished'), 1), randomInt(200, 2000), () => void server.kill())
  await killed.reached
  const outcome = await run.outcome
  await writer.stop().catch(() => {})
  expect((resultOf(outcome) as Manifest).server).toBeUndefined()
  expect(outcome.warnings.join(), outcome.story).toContain('without the server')
  return { confirmed, sent: writer.sent }
}
