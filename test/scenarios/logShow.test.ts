import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LogReport } from '../../src/history/showLog.ts'
import type { Graph } from '../../src/neo4j/graph.ts'
import { succeed } from '../support/holdfast.ts'
import { testedVersions, withNeo4j } from '../support/neo4j.ts'

const write = { write: true }

/** Every file of the log and the store with all that a reader must not change. */
async function filesOf(dataDir: string): Promise<string[]> {
  const names = await readdir(dataDir, { recursive: true })
  const facts = names.toSorted().map(async (name) => {
    const { size, mode, mtimeMs, ino } = await lstat(join(dataDir, name))
    return `${name} ${size} ${mode} ${mtimeMs} ${ino}`
  })
  return Promise.all(facts)
}

async function sensors(graph: Graph): Promise<void> {
  const text = `UNWIND range(1, 40) AS number CREATE (s:Sensor {uuid: 'sensor ' + number})-[:IN]->(:Room {number: number})`
  await graph.query(text, {}, write)
  // Only a property changes: the log names neither label nor type.
  await graph.query(`MATCH (s:Sensor {uuid: 'sensor 7'})-[r:IN]->() SET s.broken = true, r.since = date('2026-11-22')`, {}, write)
  await graph.query('MATCH (r:Room {number: 7}) SET r:Dark', {}, write)
}

test.each(testedVersions)(
  '[log.changes] [neo4j.versions] on Neo4j %s the transaction is found that deleted all nodes of a label, while it runs and after',
  async (version) =>
    withNeo4j(version, {}, async ({ instance, graph, dataDir }) => {
      await sensors(graph)
      const since = new Date().toISOString()
      await graph.query('MATCH (s:Sensor) DETACH DELETE s', {}, write)
      const until = new Date().toISOString()
      const last = Number(await graph.lastCommittedTransaction('neo4j'))
      await graph.query('MATCH (r:Room {number: 8}) DELETE r', {}, write)

      const show = async (...options: string[]) => succeed<LogReport>('log', 'show', '--data-dir', dataDir, ...options)
      const found = await show('--label', 'Sensor', '--operation', 'delete')
      expect(found.transactions).toMatchObject([{ id: last, matching: 40 }])
      const [deletion] = found.transactions
      expect(deletion!.groups).toEqual([
        { kind: 'node', operation: 'delete', labels: ['Sensor'], count: 40 },
        { kind: 'relationship', operation: 'delete', type: 'IN', count: 40 },
      ])
      const uuids = deletion!.changes!.map(({ properties }) => properties['uuid'])
      const expected = Array.from({ length: 40 }, (_, at) => ({
        before: { type: 'string', value: `sensor ${at + 1}` },
        after: null,
      }))
      expect(uuids).toEqual(expect.arrayContaining(expected))
      expect(deletion!.committed >= since && deletion!.committed <= until).toBe(true)
      expect((await show('--since', since, '--until', until)).transactions.map(({ id }) => id)).toEqual([last])

      const operations = ({ transactions }: LogReport) =>
        transactions.map(({ changes }) => changes!.map(({ kind, operation }) => `${operation} ${kind}`).join())
      expect(operations(await show('--label', 'Sensor'))).toEqual([
        expect.stringMatching(/^(create node,?){40}$/) as string,
        'update node',
        expect.stringMatching(/^(delete node,?){40}$/) as string,
      ])
      expect(operations(await show('--type', 'IN', '--operation', 'update'))).toEqual(['update relationship'])
      const life = ['create node', 'update node', 'delete node']
      expect(operations(await show('--entity', 'uuid=sensor 7'))).toEqual(life)
      const { id, elementId } = await roomOf(graph)
      expect(operations(await show('--entity', elementId))).toEqual(['create node', 'update node'])
      expect(operations(await show('--entity', `node:${id}`, '--label', 'Dark'))).toEqual(['update node'])

      expect(await instance.stop()).toBe(true)
      const before = await filesOf(dataDir)
      expect(await show('--label', 'Sensor', '--operation', 'delete')).toEqual(found)
      expect(await filesOf(dataDir)).toEqual(before)
    }),
)

test('[log.changes] names are known though the log begins after they were made', async () => {
  const settings = {
    'db.tx_log.rotation.size': '128k',
    'db.tx_log.rotation.retention_policy': '1 files',
    'db.checkpoint.interval.time': '1s',
    'db.checkpoint.interval.tx': '1',
  }
  await withNeo4j('5.26.30', { settings }, async ({ graph, dataDir }) => {
    await sensors(graph)
    const show = async (...options: string[]) => succeed<LogReport>('log', 'show', '--data-dir', dataDir, ...options)
    const text = `UNWIND range(1, 200) AS n CREATE (:Filler {text: reduce(t = '', i IN range(1, 100) | t + toString(rand()))})`
    let first = 2
    while (first === 2) {
      await graph.query(text, {}, write)
      first = (await show('--limit', '1')).read.first!
    }
    await graph.query(`MATCH (s:Sensor {uuid: 'sensor 9'}) SET s:Late, s.broken = false`, {}, write)
    const { transactions, read } = await show('--label', 'Late')
    expect(read.first).toBeGreaterThan(2)
    expect(transactions.at(-1)!.changes).toMatchObject([
      { labels: ['Sensor', 'Late'], labelsAdded: ['Late'], properties: { broken: { after: { type: 'boolean', value: false } } } },
    ])
  })
})

async function roomOf(graph: Graph): Promise<{ id: string; elementId: string }> {
  const [row] = await graph.query('MATCH (r:Dark) RETURN elementId(r) AS elementId', {}, {})
  const elementId = String(row!['elementId'])
  return { elementId, id: elementId.split(':').at(-1)! }
}
