import { existsSync, readdirSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Graph } from '../../src/neo4j/graph.ts'
import { keptCounts } from '../../src/neo4j/graphCounts.ts'
import { readSchema } from '../../src/neo4j/graphSchema.ts'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { succeed } from '../support/holdfast.ts'
import { load } from '../support/load.ts'
import { installed, startIn, testedVersions, withFolder } from '../support/neo4j.ts'

/** Public graphs as dumps of Neo4j 5, where the tests are given some. */
const folder = process.env['TEST_GRAPHS'] || join(import.meta.dirname, '../../../shared/data')
const dumps = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.dump')) : []
const versions = [testedVersions[1]!, testedVersions[2]!]

// Without dumps there is nothing to do.
test.skipIf(dumps.length === 0)(
  '[backup.hot] [restore.exact] real graphs, also of the older record format, come back as they were',
  async () => {
    for (const [index, dump] of dumps.entries()) {
      const { manifest, verdict, before, after } = await backUpAndRestore(dump, versions[index % versions.length]!)
      const backedUp = manifest.databases.find(({ name }) => name === 'neo4j')
      expect(backedUp).toMatchObject({ facts: { stable: true } })
      expect(verdict).toBe('good')
      expect(after).toEqual(before)
    }
  },
)

async function backUpAndRestore(dump: string, version: string) {
  return withFolder('real-graph', async (own) => {
    const installation = await installed(version)
    const [dataDir, repo] = [join(own, 'data'), join(own, 'repo')]
    await mkdir(join(own, 'dump'))
    await copyFile(join(folder, dump), join(own, 'dump', 'neo4j.dump'))
    await load(installation, { home: join(own, 'admin'), dataDir }, 'neo4j', join(own, 'dump'))
    await succeed('repo', 'init', '--repo', repo)
    const look = async (place: string, then?: (uri: string) => Promise<void>): Promise<unknown> => {
      await using server = await startIn(place, version)
      await using graph = await server.connect()
      await then?.(server.boltUri)
      return await contentOf(graph)
    }
    let manifest: Manifest | undefined
    const before = await look(own, async (uri) => {
      manifest = await succeed<Manifest>('backup', 'create', '--data-dir', dataDir, '--repo', repo, '--uri', uri)
    })
    const target = join(own, 'restored', 'data')
    const { verdict } = await succeed<RestoreReport>('restore', 'start', '--repo', repo, '--to-dir', target)
    return { manifest: manifest!, verdict, before, after: await look(join(own, 'restored')) }
  })
}

/** Counts, schema, and every node and relationship with its properties. */
async function contentOf(graph: Graph): Promise<unknown> {
  return {
    counts: await keptCounts(graph),
    schema: await readSchema(graph),
    nodes: await graph.query('MATCH (n) RETURN id(n) AS id, labels(n) AS labels, properties(n) AS properties ORDER BY id'),
    relationships: await graph.query(
      'MATCH (a)-[r]->(b) RETURN id(r) AS id, id(a) AS start, id(b) AS end, type(r) AS type, properties(r) AS properties ORDER BY id',
    ),
  }
}
