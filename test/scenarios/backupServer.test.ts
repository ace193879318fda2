import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silent } from '../../src/core/progress.ts'
import { loadSampleGraph } from '../../src/demo/sampleGraph.ts'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { makeData } from '../support/faultsData.ts'
import { holdfast, type Outcome, refusal, resultOf, succeed } from '../support/holdfast.ts'
import { startIn, testedVersions, withFolder } from '../support/neo4j.ts'

const nowhere = 'bolt://127.0.0.1:1'

let shared: string
/** The data directory of a server that does not run. */
let foreign: string

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-server-'))
  foreign = await makeData(shared, { ending: 'killed', entities: 100 })
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

function facts({ databases }: Manifest) {
  return databases.find(({ name }) => name === 'neo4j')?.facts
}

function expectNoFacts({ result, warnings, story, exitCode }: Outcome<Manifest>, warning: string, unasked = warning): void {
  expect(exitCode, story).toBe(0)
  expect(result.server).toBeUndefined()
  expect((result as { unasked?: string }).unasked).toContain(unasked)
  expect(facts(result)).toBeUndefined()
  expect(warnings.join('\n')).toContain(warning)
}

test.each(testedVersions)(
  '[backup.without-bolt] [backup.offline] [neo4j.versions] what Neo4j %s is asked for, and that it need not answer',
  async (version) =>
    withFolder('backup-server', async (folder) => {
      const repo = join(folder, 'repo')
      await succeed('repo', 'init', '--repo', repo)
      const backUp = async (dataDir: string, ...more: string[]): Promise<Outcome<Manifest>> =>
        holdfast<Manifest>('backup', 'create', '--data-dir', dataDir, '--repo', repo, ...more)

      const server = await startIn(folder, version)
      const { dataDir, boltUri } = server
      try {
        await using graph = await server.connect()
        await loadSampleGraph(graph, 200, silent)
        const answered = resultOf(await backUp(dataDir, '--uri', boltUri))
        expect(answered.server).toEqual({ version, edition: 'community' })
        expect(facts(answered)).toMatchObject({ stable: true, counts: { nodes: 300, relationships: 400 } })

        expectNoFacts(await backUp(dataDir, '--uri', nowhere), 'does not answer', 'did not answer')
        expectNoFacts(await backUp(foreign, '--uri', boltUri), 'the server that answers is not the one whose files are backed up')
        const copy = join(folder, 'copy')
        await cp(dataDir, copy, { recursive: true })
        await graph.query('CREATE (:Later)', {}, { write: true })
        const shorter = await backUp(copy, '--uri', boltUri)
        expect(shorter, shorter.story).toMatchObject(refusal('integrity', 'the server had committed transaction'))
        expect(await backUp(dataDir, '--offline')).toMatchObject(refusal('refused', 'a running Neo4j uses'))
      } finally {
        await server.kill()
      }
      expectNoFacts(await backUp(dataDir, '--uri', boltUri), 'does not answer', 'did not answer')
      const last = await backUp(dataDir, '--offline', '--label', 'after the crash')
      expect(resultOf(last)).toMatchObject({ offline: true, label: 'after the crash' })
      if (version !== testedVersions[0]) return

      // Nobody said which Neo4j the backup is of. A newer one would upgrade what it is checked on.
      const target = join(folder, 'restored', 'data')
      const restored = await holdfast<RestoreReport>('restore', 'start', '--to-dir', target, '--repo', repo)
      expect(resultOf(restored).verdict, restored.story).toBe('good')
      expect(restored.warnings.join()).toContain(`it is checked on Neo4j ${version}`)
      await using again = await startIn(join(folder, 'restored'), version)
      await using graph = await again.connect()
      expect(await graph.query('MATCH (n:Later) RETURN count(n) AS later')).toEqual([{ later: 1n }])
    }),
)
