import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silent } from '../../src/core/progress.ts'
import { loadSampleGraph } from '../../src/demo/sampleGraph.ts'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { succeed } from '../support/holdfast.ts'
import { backUpBusyServer, restless } from '../support/hotBackupScenario.ts'
import { testedVersions, withNeo4j } from '../support/neo4j.ts'

const rows = [
  { version: testedVersions[0]!, settings: { ...restless, 'db.tx_log.preallocate': 'true' } },
  { version: testedVersions[1]!, settings: restless },
  { version: testedVersions[2]!, settings: { 'db.tx_log.rotation.size': '1m', 'db.tx_log.preallocate': 'true' } },
]

test.each(rows)(
  '[backup.hot] [backup.one-set] [restore.exact] [neo4j.versions] a busy Neo4j $version comes back as it was, users included',
  backUpBusyServer,
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
