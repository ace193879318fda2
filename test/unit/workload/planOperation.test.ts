import { expect, test } from 'vitest'
import { GraphModel } from '../../support/graphModel.ts'
import { ReplayedGraph } from '../../support/graphModelReplay.ts'
import { canonicalText } from '../../support/graphModelValues.ts'
import type { Operation } from '../../support/workload/change.ts'
import { planOperation } from '../../support/workload/planOperation.ts'

const size = { nodes: 400, relationships: 700 }

/** Everything in a graph as one text. */
function textOf(model: GraphModel): string {
  const properties = (of: object): string =>
    JSON.stringify(
      Object.entries(of)
        .map(([key, value]) => [key, canonicalText(value)])
        .toSorted(),
    )
  const nodes = [...model.nodes].map(
    ([uid, node]) => `${uid} ${[...node.labels].toSorted().join(':')} ${properties(node.properties)}`,
  )
  const relationships = [...model.relationships].map(
    ([uid, { type, from, to, properties: own }]) => `${uid} (${from})-[${type}]->(${to}) ${properties(own)}`,
  )
  return [...nodes.toSorted(), ...relationships.toSorted()].join('\n')
}

function operations(
  seed: string,
  count: number,
): { operations: Operation[]; model: GraphModel; largest: number; smallest: number } {
  const model = new GraphModel(0)
  const planned: Operation[] = []
  let [largest, smallest] = [0, Infinity]
  for (let sequence = 1; sequence <= count; sequence++) {
    const operation = planOperation(seed, model, sequence, size)
    planned.push(operation)
    if (operation.outcome === 'commit') for (const change of operation.changes) model.apply(change)
    if (sequence < 100) continue
    largest = Math.max(largest, model.nodes.size + model.relationships.size)
    smallest = Math.min(smallest, model.nodes.size + model.relationships.size)
  }
  return { operations: planned, model, largest, smallest }
}

test('replaying gives the same graph as doing, at every moment, forwards and backwards', () => {
  const graph = new ReplayedGraph('replay', 0, size)
  const first = textOf(graph.at(150))
  expect(textOf(graph.at(300))).toBe(textOf(operations('replay', 300).model))
  expect(textOf(graph.at(150))).toBe(first)
  expect(textOf(graph.at(151))).not.toBe('')
  expect(textOf(new ReplayedGraph('another', 0, size).at(150))).not.toBe(first)
})

test('deletes balance creations: the graph stays about as large as asked', () => {
  const { largest, smallest } = operations('balance', 3000)
  expect(smallest).toBeGreaterThan((size.nodes + size.relationships) * 0.3)
  expect(largest).toBeLessThan((size.nodes + size.relationships) * 3)
})

test('a few thousand operations do everything there is to do', () => {
  const { operations: planned } = operations('variety', 3000)
  const changes = planned.flatMap((operation) => operation.changes)
  expect(new Set(changes.map(({ kind }) => kind)).size).toBe(10)
  expect(new Set(planned.map(({ outcome }) => outcome)).size).toBe(3)

  const created = changes.flatMap((change) => (change.kind === 'create nodes' ? [change] : []))
  expect(created.some(({ labels }) => labels.length > 7)).toBe(true)
  const types = new Set(
    created.flatMap(({ nodes }) =>
      nodes.flatMap(({ properties }) => Object.values(properties).map((value) => typeNameOf(canonicalText(value)))),
    ),
  )
  expect([...types].toSorted()).toEqual([
    'boolean',
    'bytes',
    'date',
    'datetime',
    'datetime in a zone',
    'duration',
    'float',
    'integer',
    'list',
    'local datetime',
    'local time',
    'point 4326',
    'point 4979',
    'point 7203',
    'point 9157',
    'string',
    'time',
  ])
  const loops = changes.filter(
    (change) => change.kind === 'create relationships' && change.relationships.some(({ from, to }) => from === to),
  )
  expect(loops.length).toBeGreaterThan(0)
})

test('dense nodes grow beyond a hundred relationships and shrink', () => {
  const model = new GraphModel(0)
  const degrees: number[] = []
  for (let sequence = 1; sequence <= 1500; sequence++) {
    const { outcome, changes } = planOperation('hubs', model, sequence, size)
    if (outcome === 'commit') for (const change of changes) model.apply(change)
    const [hub] = model.hubPool.items
    if (hub !== undefined) degrees.push(model.incident(hub).length)
  }
  expect(Math.max(...degrees)).toBeGreaterThan(150)
  expect(Math.min(...degrees.slice(50))).toBeLessThan(60)
})

test('no operation uses a uid twice or works on what it deletes', () => {
  const uids = new Set<string>()
  for (const { changes } of operations('uids', 1000).operations) {
    const deleted = new Set(changes.flatMap((change) => (change.kind === 'detach delete' ? change.uids : [])))
    for (const change of changes) {
      if (change.kind === 'create nodes') for (const { uid } of change.nodes) expect(uids.has(uid), uid).toBe(false)
      if (change.kind === 'create nodes') for (const { uid } of change.nodes) uids.add(uid)
      if (change.kind === 'change node') expect(deleted.has(change.uid)).toBe(false)
    }
  }
  expect(uids.size).toBeGreaterThan(0)
})

function typeNameOf(text: string): string {
  if (text.startsWith('datetime') && text.includes('[')) return 'datetime in a zone'
  return /^(list|local \w+|point \d+|\w+)/.exec(text)![0]
}
