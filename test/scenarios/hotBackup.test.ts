import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silent } from '../../src/core/progress.ts'
import { BusyWriter } from '../../src/demo/busyWriter.ts'
import { countRestored } from '../../src/demo/restoredNotes.ts'
import { loadSampleGraph } from '../../src/demo/sampleGraph.ts'
import { connect } from '../../src/neo4j/graph.ts'
import { startNeo4j } from '../../src/neo4j/instance.ts'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { succeed } from '../support/holdfast.ts'
import { installed, testedVersions, withNeo4j } from '../support/neo4j.ts'

const password = { reveal: () => 'a-password-of-its-own' }
const writer = { user: 'neo4j', password: { reveal: () => 'the-first-password' } }

/** Settings under which checkpoints, rotation and pruning happen all the time. */
const restless = {
  'db.checkpoint.interval.time': '1s',
  'db.checkpoint.interval.tx': '50',
  'db.tx_log.rotation.size': '256k',
  'db.tx_log.rotation.retention_policy': '1 files',
}

const rows = [
  { version: testedVersions[0]!, settings: { ...restless, 'db.tx_log.preallocate': 'true' } },
  { version: testedVersions[1]!, settings: restless },
  { version: testedVersions[2]!, settings: { 'db.tx_log.rotation.size': '1m', 'db.tx_log.preallocate': 'true' } },
]

test.each(rows)(
  '[backup.hot] [backup.one-set] [restore.exact] [neo4j.versions] a busy Neo4j $version comes back as it was, users included',
  async ({ version, settings }) =>
    withNeo4j(version, { settings, authentication: writer }, async ({ instance, graph, dataDir, folder }) => {
      await graph.query(
        'CREATE USER keeper SET PASSWORD $password CHANGE NOT REQUIRED',
        { password: password.reveal() },
        { database: 'system', write: true },
      )
      await loadSampleGraph(graph, 3000, silent)
      await using writing = await instance.connect()
      const busy = new BusyWriter(writing)
      await busy.advance(20)

      const repo = join(folder, 'repository')
      await succeed('repo', 'init', '--repo', repo)
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
    }),
)

test('[restore.exact] what a quiet server said of schema and counts is found again, and compared', async () =>
  withNeo4j('5.26.30', {}, async ({ instance, graph, dataDir, folder }) => {
    await loadSampleGraph(graph, 500, silent)
    const repo = join(folder, 'repository')
    await succeed('repo', 'init', '--repo', repo)
    const manifest = await succeed<Manifest>('backup', 'create', '--data-dir', dataDir, '--repo', repo, '--uri', instance.boltUri)
    const facts = manifest.databases.find(({ name }) => name === 'neo4j')!.facts!
    expect(facts).toMatchObject({ stable: true, counts: { nodes: 600, relationships: 1000 } })
    expect(manifest.server).toEqual({ version: '5.26.30', edition: 'community' })
    await instance.stop()

    const report = await succeed<RestoreReport>('restore', 'start', '--repo', repo, '--to-dir', join(folder, 'restored'))
    expect(report.checks.filter(({ name }) => ['schema', 'recorded counts'].includes(name)).map(({ passed }) => passed)).toEqual([
      true,
      true,
    ])
  }))
