import type { Driver } from 'neo4j-driver'
import { describe, expect, test } from 'vitest'
import { liveLog } from '../../src/history/liveLog.ts'
import { storeTokens } from '../../src/history/storeTokens.ts'
import type { TokenKind } from '../../src/txlog/commands/tokenCommand.ts'
import { timeZoneName } from '../../src/txlog/commands/timeZones.ts'
import { openDriver } from '../soak/server.ts'
import { driverText } from '../support/decodedText.ts'
import { queryRows, streamRows } from '../support/graphModelQuery.ts'
import type { Properties } from '../support/graphModelValues.ts'
import { LogReplay } from '../support/logReplay.ts'
import { startIn, testedVersions, withNeo4j } from '../support/neo4j.ts'
import { Workload } from '../support/workload/workload.ts'

/** Everything since the database was made stays in the log, in many files, while checkpoints move the store on. */
const settings = {
  'db.tx_log.rotation.size': '256k',
  'db.tx_log.rotation.retention_policy': 'keep_all',
  'db.tx_log.preallocate': 'true',
  'db.checkpoint.interval.time': '2s',
  'dbms.cypher.min_replan_interval': '1h',
  // Neo4j does not see every deadlock between a change of the schema and writers by itself.
  'db.lock.acquisition.timeout': '20s',
}
const options = { settings, pageCache: '24m', heap: '640m' }
const { signal } = new AbortController()

async function replayed(dataDir: string): Promise<LogReplay> {
  const replay = new LogReplay()
  for await (const { transaction, bytes } of liveLog({ dataDir, database: 'neo4j' }, signal).transactions(0)) {
    replay.apply(transaction.id, bytes)
  }
  return replay
}

/** Whatever in the database differs from what the log says. */
async function differences(driver: Driver, { nodes, relationships }: LogReplay): Promise<{ found: string[]; values: number }> {
  const found: string[] = []
  const seen = { nodes: 0, relationships: 0, values: 0 }
  const compare = (what: string, inDatabase: unknown, inLog: unknown): void => {
    seen.values++
    if (inDatabase !== inLog) found.push(`${what} is ${String(inDatabase)}, in the log ${String(inLog)}`)
  }
  const compareAll = (what: string, inDatabase: Properties, inLog: ReadonlyMap<string, string> = new Map()): void => {
    for (const key of new Set([...Object.keys(inDatabase), ...inLog.keys()])) {
      compare(`${what} ${key}`, key in inDatabase ? driverText(inDatabase[key]) : undefined, inLog.get(key))
    }
  }
  for await (const { id, labels, properties } of streamRows<NodeRow>(driver, nodeQuery)) {
    const node = nodes.get(idOf(id))
    seen.nodes++
    compare(`labels of node ${id}`, labels.toSorted().join(), node?.labels.join())
    compareAll(`node ${id}`, properties, node?.properties)
  }
  for await (const { id, start, type, end, properties } of streamRows<RelationshipRow>(driver, relationshipQuery)) {
    const relationship = relationships.get(idOf(id))
    seen.relationships++
    const place = `${relationship?.start} ${relationship?.type} ${relationship?.end}`
    compare(`place of relationship ${id}`, `${idOf(start)} ${type} ${idOf(end)}`, place)
    compareAll(`relationship ${id}`, properties, relationship?.properties)
  }
  compare('number of nodes', seen.nodes, nodes.size)
  compare('number of relationships', seen.relationships, relationships.size)
  return { found, values: seen.values }
}

interface NodeRow {
  id: string
  labels: string[]
  properties: Properties
}

interface RelationshipRow {
  id: string
  start: string
  type: string
  end: string
  properties: Properties
}

const nodeQuery = 'MATCH (n) RETURN elementId(n) AS id, labels(n) AS labels, properties(n) AS properties'
const relationshipQuery = `MATCH (a)-[r]->(b)
  RETURN elementId(r) AS id, elementId(a) AS start, type(r) AS type, elementId(b) AS end, properties(r) AS properties`

function idOf(elementId: string): number {
  return Number(elementId.split(':').at(-1))
}

describe.each(testedVersions)('[log.changes] [neo4j.versions] what the log of Neo4j %s says', (version) => {
  test('of a random workload, from the first transaction on and over a kill, is what the database holds', async () =>
    withNeo4j(version, options, async ({ instance, dataDir, folder }) => {
      const size = { nodes: 300, relationships: 500 }
      const withVectors = version !== testedVersions[0]
      await using workload = new Workload({ seed: `decoder ${version}`, writers: 3, size, pace: 0, schemaPace: 500, withVectors })
      const first = openDriver(instance.boltUri)
      await workload.start(first)
      await workload.until(({ writers }) => writers.every(({ acknowledged }) => acknowledged >= 30))
      // While it is written to, each read ends with a transaction that fits those before.
      expect((await replayed(dataDir)).transactions).toBeGreaterThan(50)
      await instance.kill()
      await first.close()

      await using restarted = await startIn(folder, version, options)
      const driver = openDriver(restarted.boltUri)
      try {
        workload.resume(driver)
        await workload.until(
          ({ writers, schema }) => writers.every(({ acknowledged }) => acknowledged >= 150) && schema.acknowledged > 8,
        )
        await workload.pause()
        workload.check()

        const replay = await replayed(dataDir)
        const { found, values } = await differences(driver, replay)
        expect(found.slice(0, 20)).toEqual([])
        expect(values).toBeGreaterThan(3000)
        expect(replay.checked).toBeGreaterThan(3000)
        expect(replay.nodes.size).toBeGreaterThan(200)
        expect(replay.relationships.size).toBeGreaterThan(200)

        expect(await restarted.stop()).toBe(true)
        const stored = await storeTokens(dataDir, 'neo4j')
        for (const kind of ['label', 'relationship type', 'property key'] satisfies TokenKind[]) {
          const inStore = new Map(stored.filter(({ of }) => of === kind).map(({ id, name }) => [id, name]))
          expect(inStore.size).toBeGreaterThan(4)
          expect(inStore).toEqual(replay.names.all(kind))
        }
      } finally {
        await driver.close()
      }
    }))

  test('of datetimes names the time zone that they are in', async () =>
    withNeo4j(version, { settings }, async ({ instance, dataDir }) => {
      const driver = openDriver(instance.boltUri)
      try {
        const zones: string[] = []
        for (let number = 0; ; number++) {
          const zone = timeZoneName(number)
          if (zone === undefined) break
          zones.push(zone)
        }
        const accepted: string[] = []
        for (const zone of zones) {
          const text = `CREATE (:Zone {zone: $zone, at: datetime({epochSeconds: 1700000000, timezone: $zone}),
            list: [datetime({epochSeconds: 1700000000, timezone: $zone})]})`
          const made = await driver.executeQuery(text, { zone }, { database: 'neo4j' }).catch(() => undefined)
          if (made) accepted.push(zone)
        }
        // Which of them a server takes depends on what its Java knows.
        expect(accepted.length).toBeGreaterThan(550)
        const rows = await queryRows<{ id: string; zone: string; listed: string }>(
          driver,
          'MATCH (n:Zone) RETURN elementId(n) AS id, n.at.timezone AS zone, n.list[0].timezone AS listed',
        )
        expect(rows).toHaveLength(accepted.length)
        const { nodes } = await replayed(dataDir)
        const decoded = rows.map(({ id }) => ['at', 'list'].map((key) => nodes.get(idOf(id))?.properties.get(key)))
        const expected = rows.map(({ zone, listed }) => [
          `datetime 1700000000000 0 in ${zone}`,
          `[datetime 1700000000000 0 in ${listed}]`,
        ])
        expect(decoded).toEqual(expected)
      } finally {
        await driver.close()
      }
    }))
})
