import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Driver } from 'neo4j-driver'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { namedVersions } from '../../src/neo4j/versions.ts'
import type { Difference } from '../support/graphModelCompare.ts'
import { outOfBounds } from '../support/graphModelMarkers.ts'
import { WorkloadVerifier } from '../support/graphModelVerify.ts'
import { installed } from '../support/neo4j.ts'
import { Random } from '../support/workload/random.ts'
import type { Positions } from '../support/workload/workload.ts'
import { Workload } from '../support/workload/workload.ts'
import { SoakServer } from '../soak/server.ts'

/**
 * The model must be trusted before it may judge backups: on a real database it finds nothing wrong with what the workload wrote,
 * and finds each single thing that is then changed behind its back.
 */
const options = {
  seed: 'planted',
  writers: 2,
  size: { nodes: 150, relationships: 250 },
  pace: 0,
  schemaPace: 500,
  withVectors: true,
}

let folder: string
let server: SoakServer
let driver: Driver
let positions: Positions

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-model-'))
  server = new SoakServer(await installed(namedVersions.lts), folder, new Random('planted'))
  driver = await server.start()
  await using workload = new Workload(options)
  await workload.start(driver)
  for (const operations of [5, 20]) {
    await workload.until(({ writers }) => writers.some(({ acknowledged }) => acknowledged >= operations))
    await server.kill()
    driver = await server.start()
    workload.resume(driver)
  }
  await workload.until(({ writers, schema }) => writers.every(({ acknowledged }) => acknowledged > 60) && schema.acknowledged > 8)
  await workload.pause()
  workload.check()
  positions = workload.positions
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function differences(): Promise<string[]> {
  const { differences: found } = await new WorkloadVerifier(options).verify(driver)
  return found.map(({ kind, what, uid, detail }: Difference) => `${kind} ${what} ${uid}: ${detail}`)
}

async function run(cypher: string): Promise<Record<string, unknown>> {
  const { records } = await driver.executeQuery(cypher, {}, { database: 'neo4j' })
  return records[0]?.toObject() ?? {}
}

test('a database that several clients wrote, and that was killed twice meanwhile, is exactly what the model says', async () => {
  const verdict = await new WorkloadVerifier(options).verify(driver)
  expect(verdict.differences).toEqual([])
  expect(verdict.differenceCount).toBe(0)
  expect(outOfBounds(verdict.markers, positions, positions)).toEqual([])
  expect(verdict.nodes).toBeGreaterThan(100)
  expect(verdict.relationships).toBeGreaterThan(100)
  expect(verdict.properties).toBeGreaterThan(1000)
  expect(verdict.questions).toBeGreaterThan(50)
})

/** A change behind the model's back, what takes it back, and the start of what must be reported; `*` stands for anything. */
interface Planted {
  what: string
  plant: string
  undo: string
  reported: string[]
}

const planted: Planted[] = [
  {
    what: 'a property that is gone',
    plant: 'MATCH (n:Person) WITH n ORDER BY n.uid LIMIT 1 SET n.kept = n.uid, n.writer = null RETURN n.uid AS uid',
    undo: 'MATCH (n) WHERE n.kept IS NOT NULL SET n.writer = toInteger(split(n.uid, "-")[0]), n.kept = null',
    reported: [
      'different node $uid: writer is nothing, expected integer *',
      'different node $uid: kept is string *, expected nothing',
    ],
  },
  {
    what: 'an integer that became a float',
    plant: 'MATCH (n:Entity) WITH n ORDER BY n.uid LIMIT 1 SET n.writer = toFloat(n.writer) RETURN n.uid AS uid',
    undo: 'MATCH (n:Entity) WHERE n.writer IS :: FLOAT SET n.writer = toInteger(n.writer)',
    reported: ['different node $uid: writer is float 0, expected integer 0'],
  },
  {
    what: 'a label too many',
    plant: 'MATCH (n:Entity) WITH n ORDER BY n.uid LIMIT 1 SET n:Planted RETURN n.uid AS uid',
    undo: 'MATCH (n:Planted) REMOVE n:Planted',
    reported: ['different node $uid: labels *Planted*'],
  },
  {
    what: 'a node too many',
    plant: 'CREATE (n:Stray {uid: "stray"}) RETURN n.uid AS uid',
    undo: 'MATCH (n:Stray) DELETE n',
    reported: ['extra node stray: not expected: Stray*'],
  },
  {
    what: 'a node without a uid',
    plant: 'CREATE (n:Stray)',
    undo: 'MATCH (n:Stray) DELETE n',
    reported: ['extra node without uid*'],
  },
  {
    what: 'a relationship too many',
    plant: 'MATCH (n:Entity) WITH n ORDER BY n.uid LIMIT 1 CREATE (n)-[r:STRAY {uid: "stray"}]->(n) RETURN n.uid AS uid',
    undo: 'MATCH ()-[r:STRAY]->() DELETE r',
    reported: ['extra relationship stray: not expected: ($uid)-[STRAY]->($uid)*', 'different count relationships: *'],
  },
  {
    what: 'a relationship twice',
    plant: `MATCH (a)-[r:KNOWS]->(b) WITH a, r, b ORDER BY r.uid LIMIT 1
            CREATE (a)-[twin:STRAY]->(b) SET twin = properties(r) RETURN r.uid AS uid`,
    undo: 'MATCH ()-[r:STRAY]->() DELETE r',
    reported: ['* relationship $uid: *', 'different count relationships: *'],
  },
  {
    what: 'a relationship that runs the other way',
    plant: `MATCH (a)-[r:KNOWS]->(b) WHERE a <> b AND NOT a:Hub AND NOT b:Hub WITH a, r, b ORDER BY r.uid LIMIT 1
            CREATE (b)-[turned:KNOWS]->(a) SET turned = properties(r), turned.turned = true DELETE r
            RETURN turned.uid AS uid`,
    undo: 'MATCH (a)-[r:KNOWS]->(b) WHERE r.turned CREATE (b)-[back:KNOWS]->(a) SET back = properties(r), back.turned = null DELETE r',
    reported: ['different relationship $uid: (*)-[KNOWS]->(*), expected *', 'different relationship $uid: turned is *'],
  },
  {
    what: 'an index nobody made',
    plant: 'CREATE INDEX stray FOR (n:Stray) ON (n.x)',
    undo: 'DROP INDEX stray',
    reported: ['extra schema stray: *'],
  },
  {
    what: 'a constraint that is gone',
    plant: 'DROP CONSTRAINT entity_uid',
    undo: 'CREATE CONSTRAINT entity_uid FOR (n:Entity) REQUIRE n.uid IS UNIQUE',
    reported: ['missing schema entity_uid: *'],
  },
]

describe('what is changed behind its back is reported, and nothing else', () => {
  test.for(planted)('$what', async ({ plant, undo, reported }) => {
    const { uid } = await run(plant)
    const found = await differences()
    await run(undo)
    for (const expected of reported) {
      expect(found, expected).toEqual(expect.arrayContaining([matching(expected.replaceAll('$uid', String(uid)))]))
    }
    const unexpected = found.filter(
      (text) => !reported.some((expected) => pattern(expected.replaceAll('$uid', String(uid))).test(text)),
    )
    expect(unexpected.filter((text) => !text.includes(' count ') && !text.includes(' lookup '))).toEqual([])
    expect(await differences()).toEqual([])
  })

  test('a node that is missing, with its relationships', async () => {
    const { uid, degree } = await run(
      'MATCH (n:Entity)-[r]-() WHERE NOT n:Hub WITH n, count(DISTINCT r) AS degree ORDER BY n.uid LIMIT 1 ' +
        'WITH n, n.uid AS uid, degree DETACH DELETE n RETURN uid, degree',
    )
    const found = await differences()
    expect(found).toContain(`missing node ${String(uid)}: not found`)
    expect(found.filter((text) => text.startsWith('missing relationship'))).toHaveLength(Number(degree))
    expect(found.filter((text) => text.startsWith('different count'))).not.toEqual([])
  })

  test('an operation that the marker claims and that is not there', async () => {
    const before = (await differences()).length
    await run('MATCH (w:Writer {id: 1}) SET w.seq = w.seq + 10')
    expect((await differences()).length).toBeGreaterThan(before)
  })
})

function pattern(text: string): RegExp {
  return new RegExp(
    `^${text
      .split('*')
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('[^]*')}$`,
  )
}

function matching(text: string): string {
  return expect.stringMatching(pattern(text)) as string
}
