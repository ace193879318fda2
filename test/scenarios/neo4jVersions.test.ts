import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkConsistency, dump } from '../../src/neo4j/admin.ts'
import {
  isRunning,
  listCheckpointFiles,
  listDatabases,
  listLogFiles,
  listStoreFiles,
  logDirectory,
} from '../../src/neo4j/dataDirectory.ts'
import type { Graph } from '../../src/neo4j/graph.ts'
import { isolatedNodes, keptCounts, scannedCounts } from '../../src/neo4j/graphCounts.ts'
import { readSchema } from '../../src/neo4j/graphSchema.ts'
import { load } from '../support/load.ts'
import { createAllIndexes } from '../support/neo4jIndexes.ts'
import { installed, startIn, testedVersions, withFolder } from '../support/neo4j.ts'

const written = {
  nodes: 107,
  relationships: 50,
  nodesByLabel: { Lone: 7, Place: 50, Sight: 50 },
  relationshipsByType: { NEAR: 50 },
}

/** One life of a server, told once for each version: every step builds on the one before. */
describe.each(testedVersions)('Neo4j %s', (version) => {
  test('starts, survives SIGKILL, tells what it holds and how its files are laid out, is checked, dumped and loaded', async () => {
    await withFolder(`neo4j-${version}`, async (folder) => {
      const installation = await installed(version)
      const place = { home: join(folder, 'admin'), dataDir: join(folder, 'data') }

      const first = await startIn(folder, version)
      await write(await first.connect())
      await first.kill()
      expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' })
      expect(await isRunning(place.dataDir)).toBe(false)

      const schema = await serverTells(folder, version)
      await filesAreAsDocumented(place.dataDir)
      expect(await isRunning(place.dataDir)).toBe(false)

      expect(await checkConsistency(installation, place, 'neo4j')).toMatchObject({ consistent: true, exitCode: 0 })
      const dumped = await dump(installation, place, 'neo4j', join(folder, 'dumps'))
      expect(dumped).toBe(join(folder, 'dumps', 'neo4j.dump'))
      await expect(dump(installation, place, 'neo4j', join(folder, 'dumps'))).rejects.toMatchObject({
        code: 'failed',
        message: expect.stringContaining('already exists'),
      })

      const copy = { home: join(folder, 'admin'), dataDir: join(folder, 'copy', 'data') }
      await load(installation, copy, 'neo4j', join(folder, 'dumps'))
      await using instance = await startIn(join(folder, 'copy'), version)
      await using graph = await instance.connect()
      expect(await scannedCounts(graph)).toEqual(written)
      expect(await readSchema(graph)).toEqual(schema)
      await instance.stop()

      await damageNodes(place.dataDir)
      const report = await checkConsistency(installation, place, 'neo4j')
      expect(report).toMatchObject({ consistent: false, text: expect.stringMatching(/inconsisten/i) })
    })
  })
})

async function write(graph: Graph): Promise<void> {
  await createAllIndexes(graph, 'Place', 'NEAR')
  await graph.query(
    `UNWIND range(1, 50) AS i
     CREATE (:Place {name: 'place ' + i, at: point({x: i, y: i}), vector: [i, 1.0, 2.0]})
       -[:NEAR {name: 'way ' + i, at: point({x: i, y: i}), vector: [i, 1.0, 2.0]}]->(:Sight)`,
    {},
    { write: true },
  )
  const before = await graph.lastCommittedTransaction('neo4j')
  for (let i = 1; i <= 7; i++) await graph.query('CREATE (:Lone)', {}, { write: true })
  // The label is created by a transaction of its own.
  expect(await graph.lastCommittedTransaction('neo4j')).toBe(before + 8n)
  expect(await graph.lastCommittedTransaction('system')).toBeGreaterThan(1n)
  await graph[Symbol.asyncDispose]()
}

async function serverTells(folder: string, version: string): Promise<unknown> {
  const instance = await startIn(folder, version)
  try {
    expect(await isRunning(instance.dataDir)).toBe(true)
    await using graph = await instance.connect()
    expect(await graph.serverInfo()).toEqual({ version, edition: 'community' })
    expect(await keptCounts(graph)).toEqual(written)
    expect(await scannedCounts(graph)).toEqual(written)
    expect(await isolatedNodes(graph)).toBe(7)
    const schema = await readSchema(graph)
    const indexes = schema.filter(({ kind }) => kind === 'index')
    expect(indexes.map(({ state }) => state)).toEqual(indexes.map(() => 'ONLINE'))
    expect(new Set(indexes.map(({ type }) => type))).toEqual(new Set(['LOOKUP', 'RANGE', 'TEXT', 'POINT', 'FULLTEXT', 'VECTOR']))
    expect(schema).toContainEqual({
      kind: 'constraint',
      name: 'unique_name',
      type: 'UNIQUENESS',
      entity: 'NODE',
      labelsOrTypes: ['Sight'],
      properties: ['name'],
    })
    return schema
  } finally {
    expect(await instance.stop()).toBe(true)
  }
}

/** Every file has the kind that docs/data-directory.md says, and every kind of index is there. */
async function filesAreAsDocumented(dataDir: string): Promise<void> {
  expect(await listDatabases(dataDir)).toEqual(['neo4j', 'system'])
  const files = await listStoreFiles(dataDir, 'neo4j')
  const prefix = 'databases/neo4j/'
  const kinds = new Map(files.map(({ path, kind }) => [path.slice(prefix.length), kind]))
  const records = [...kinds].filter(([, kind]) => kind === 'record').map(([path]) => path)
  expect(records).toEqual([
    'neostore',
    'neostore.labeltokenstore.db',
    'neostore.labeltokenstore.db.names',
    'neostore.nodestore.db',
    'neostore.nodestore.db.labels',
    'neostore.propertystore.db',
    'neostore.propertystore.db.arrays',
    'neostore.propertystore.db.index',
    'neostore.propertystore.db.index.keys',
    'neostore.propertystore.db.strings',
    'neostore.relationshipgroupstore.db',
    'neostore.relationshipstore.db',
    'neostore.relationshiptypestore.db',
    'neostore.relationshiptypestore.db.names',
    'neostore.schemastore.db',
  ])
  const providers = (wanted: string) =>
    new Set([...kinds].flatMap(([path, kind]) => /^schema\/index\/([a-z-]+)-\d/.exec(path)?.[kind === wanted ? 1 : 2] ?? []))
  expect(providers('tree')).toEqual(new Set(['point', 'range', 'token-lookup']))
  expect(providers('lucene')).toEqual(new Set(['fulltext', 'text', 'vector']))
  const left = [...kinds].filter(([, kind]) => kind === 'never').map(([path]) => path.split('/').at(-1))
  expect(new Set(left)).toEqual(new Set(['database_lock', 'write.lock']))
  expect((await listLogFiles(logDirectory(dataDir, 'neo4j'))).map(({ name }) => name)).toContain('neostore.transaction.db.0')
  expect((await listCheckpointFiles(logDirectory(dataDir, 'neo4j'))).map(({ name }) => name)).toContain('checkpoint.0')
}

/** Points the first property of some nodes to where there is none. */
async function damageNodes(dataDir: string): Promise<void> {
  await using file = await open(join(dataDir, 'databases', 'neo4j', 'neostore.nodestore.db'), 'r+')
  await file.write(Buffer.alloc(300, 0x15), 0, 300, 15 * 20)
}
