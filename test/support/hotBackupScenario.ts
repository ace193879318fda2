import { join } from 'node:path'
import { expect } from 'vitest'
import { silent } from '../../src/core/progress.ts'
import { BusyWriter } from '../../src/demo/busyWriter.ts'
import { countRestored } from '../../src/demo/restoredNotes.ts'
import { loadSampleGraph } from '../../src/demo/sampleGraph.ts'
import { connect } from '../../src/neo4j/graph.ts'
import { startNeo4j } from '../../src/neo4j/instance.ts'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { succeed } from './holdfast.ts'
import { installed, withNeo4j } from './neo4j.ts'

const password = { reveal: () => 'a-password-of-its-own' }
const writer = { user: 'neo4j', password: { reveal: () => 'the-first-password' } }

/** Settings under which checkpoints, rotation and pruning happen all the time. */
export const restless = {
  'db.checkpoint.interval.time': '1s',
  'db.checkpoint.interval.tx': '50',
  'db.tx_log.rotation.size': '256k',
  'db.tx_log.rotation.retention_policy': '1 files',
}

interface HotBackup {
  version: string
  settings: Record<string, string>
  /** A directory of its own by default. */
  repo?: string
  /** What `repo init` is given besides. */
  key?: readonly string[]
}

/** Backs up a server while it is written to, restores that with all checks, and looks for what was acknowledged before and sent after. */
export async function backUpBusyServer({ version, settings, repo: place, key = [] }: HotBackup): Promise<void> {
  await withNeo4j(version, { settings, authentication: writer }, async ({ instance, graph, dataDir, folder }) => {
    await graph.query(
      'CREATE USER keeper SET PASSWORD $password CHANGE NOT REQUIRED',
      { password: password.reveal() },
      { database: 'system', write: true },
    )
    await loadSampleGraph(graph, 3000, silent)
    await using writing = await instance.connect()
    const busy = new BusyWriter(writing)
    await busy.advance(20)

    const repo = place ?? join(folder, 'repository')
    await succeed('repo', 'init', '--repo', repo, ...key)
    const confirmed = busy.acknowledged
    const manifest = await succeed<Manifest>(
      'backup',
      'create',
      '--data-dir',
      dataDir,
      '--repo',
      repo,
      '--uri',
      'bolt://127.0.0.1:1',
      ...key,
    )
    const begun = busy.sent
    await busy.stop()
    expect(manifest.databases.map(({ name }) => name)).toEqual(['neo4j', 'system'])
    await instance.stop()

    const target = join(folder, 'restored')
    const report = await succeed<RestoreReport>(
      'restore',
      'start',
      '--repo',
      repo,
      '--to-dir',
      target,
      '--neo4j-version',
      version,
      ...key,
    )
    expect(report.verdict).toBe('good')
    expect(report.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['last transaction', 'indexes', 'counts', 'orphans', 'neo4j-admin database check']),
    )

    const installation = await installed(version)
    await using restored = await startNeo4j({
      installation,
      home: join(folder, 'restored-home'),
      dataDir: target,
      authentication: { user: 'keeper', password },
    })
    await using reading = await connect({ uri: restored.boltUri, user: 'keeper', password })
    const notes = await countRestored(reading)
    expect(notes.count).toBe(notes.last)
    expect(notes.last).toBeGreaterThanOrEqual(confirmed)
    expect(notes.last).toBeLessThanOrEqual(begun)
  })
}
