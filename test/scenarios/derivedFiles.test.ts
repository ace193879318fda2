import { openSync, closeSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { makeData } from '../support/faultsData.ts'
import { succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

const counts = 'databases/neo4j/neostore.counts.db'

test('[backup.derived-files] a derived file that changes its state during each copy is left out, named, and rebuilt by Neo4j', async () =>
  withFolder('derived-files', async (folder) => {
    const dataDir = await makeData(folder, { ending: 'stopped', entities: 100 })
    const repo = join(folder, 'repository')
    await succeed('repo', 'init', '--repo', repo)

    // As a checkpoint does, but all the time: the last byte of the second state page has no meaning, only the change counts.
    const file = openSync(join(dataDir, counts), 'r+')
    let value = 0
    const checkpoints = setInterval(() => writeSync(file, Buffer.of((value += 1)), 0, 1, 3 * 8192 - 1), 1)
    let manifest
    try {
      manifest = await succeed<Manifest>('backup', 'create', '--data-dir', dataDir, '--repo', repo, '--max-rate', '150kB')
    } finally {
      clearInterval(checkpoints)
      closeSync(file)
    }
    const { leftOut, files } = manifest.databases.find(({ name }) => name === 'neo4j')!
    expect(leftOut).toEqual([{ path: counts, reason: expect.stringContaining('checkpoint') as string }])
    expect(files.map(({ path }) => path)).not.toContain(counts)

    const report = await succeed<RestoreReport>('restore', 'start', '--repo', repo, '--to-dir', join(folder, 'restored'))
    expect(report.verdict).toBe('good')
    expect(report.checks.find(({ name }) => name === 'counts')).toMatchObject({ passed: true })
  }))
