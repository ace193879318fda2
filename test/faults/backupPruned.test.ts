import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { silent } from '../../src/core/progress.ts'
import { loadSampleGraph } from '../../src/demo/sampleGraph.ts'
import type { Graph } from '../../src/neo4j/graph.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { resultOf, startHoldfast, succeed } from '../support/holdfast.ts'
import { startIn, withFolder } from '../support/neo4j.ts'

/** Each checkpoint prunes every file of the log but the one in use, and both come all the time. */
const pruning = {
  'db.checkpoint.interval.time': '1s',
  'db.checkpoint.interval.tx': '20',
  'db.tx_log.rotation.size': '128k',
  'db.tx_log.rotation.retention_policy': 'keep_none',
}

test('[backup.hot] the log that a backup needs is pruned while it copies, and the backup has it nevertheless', async () =>
  withFolder('backup-pruned', async (folder) => {
    const repo = join(folder, 'repo')
    await succeed('repo', 'init', '--repo', repo)
    const { manifest, confirmed, sent } = await backUpWhilePruned(folder, repo)

    const target = join(folder, 'restored', 'data')
    const { verdict } = await succeed<RestoreReport>('restore', 'start', '--to-dir', target, '--repo', repo)
    expect(verdict).toBe('good')
    expect(manifest.databases.flatMap(({ leftOut }) => leftOut).filter(({ path }) => path.includes('neostore'))).toEqual([])
    await using server = await startIn(join(folder, 'restored'), namedVersions.lts)
    await using graph = await server.connect()
    const [row] = await graph.query<{ total: bigint; last: bigint }>(
      'MATCH (n:Big) RETURN count(n) AS total, max(n.number) AS last',
    )
    expect(row!.total).toBe(row!.last)
    expect(Number(row!.last)).toBeGreaterThanOrEqual(confirmed)
    expect(Number(row!.last)).toBeLessThanOrEqual(sent)
  }))

async function backUpWhilePruned(folder: string, repo: string) {
  await using server = await startIn(folder, namedVersions.lts, { settings: pruning })
  await using graph = await server.connect()
  await loadSampleGraph(graph, 3000, silent)
  await using writing = await server.connect()
  const writer = bigWriter(writing)
  await writer.reached(20)
  const confirmed = writer.progress.confirmed
  const words = ['backup', 'create', '--data-dir', server.dataDir, '--repo', repo, '--uri', server.boltUri, '--max-rate', '1MB']
  const manifest = resultOf(await startHoldfast(words).outcome) as Manifest
  const { sent } = await writer.stop()

  const logs = manifest.databases.find(({ name }) => name === 'neo4j')!.files.filter(({ kind }) => kind === 'log')
  expect(logs.length).toBeGreaterThan(3)
  expect(existsSync(join(server.dataDir, logs[0]!.path))).toBe(false)
  return { manifest, confirmed, sent }
}

/** Writes numbered nodes as large as half a dozen of them fill a file of the log, and no more of them than a slow backup can follow. */
function bigWriter(graph: Graph) {
  const progress = { sent: 0, confirmed: 0 }
  let stopped = false
  let waiting: { count: number; resolve: () => void } | undefined
  const write = async (): Promise<void> => {
    while (!stopped) {
      progress.sent += 1
      const parameters = { number: BigInt(progress.sent), text: 'x'.repeat(20_000) }
      await graph.query('CREATE (:Big {number: $number, text: $text})', parameters, { write: true })
      progress.confirmed += 1
      if (waiting && progress.confirmed >= waiting.count) waiting.resolve()
      await delay(20)
    }
  }
  const ended = write()
  return {
    progress,
    reached: async (count: number) => Promise.race([new Promise<void>((resolve) => (waiting = { count, resolve })), ended]),
    stop: async () => {
      stopped = true
      await ended
      return progress
    },
  }
}
