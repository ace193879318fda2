import { expect, test } from 'vitest'
import { GraphModel } from '../../support/graphModel.ts'
import type { Change } from '../../support/workload/change.ts'

function modelOf(...changes: Change[]): GraphModel {
  const model = new GraphModel(3)
  for (const change of changes) model.apply(change)
  return model
}

const twoNodes: Change = {
  kind: 'create nodes',
  labels: ['Person'],
  nodes: [
    { uid: 'a', properties: { name: 'Ada', rank: 1n } },
    { uid: 'b', properties: {} },
  ],
}
const threeRelationships: Change = {
  kind: 'create relationships',
  type: 'KNOWS',
  relationships: [
    { uid: 'ab', from: 'a', to: 'b', properties: {} },
    { uid: 'ba', from: 'b', to: 'a', properties: { since: 2 } },
    { uid: 'bb', from: 'b', to: 'b', properties: {} },
  ],
}

test('every node carries its uid, its writer and the common label', () => {
  const node = modelOf(twoNodes).nodes.get('a')!
  expect(node.properties).toEqual({ uid: 'a', writer: 3n, name: 'Ada', rank: 1n })
  expect([...node.labels].toSorted()).toEqual(['Entity', 'Person'])
})

test('properties are set, retyped, removed and replaced', () => {
  const changed = modelOf(twoNodes, { kind: 'change node', uid: 'a', set: { rank: 1.5, k0: true }, remove: ['name'] })
  expect(changed.nodes.get('a')!.properties).toEqual({ uid: 'a', writer: 3n, rank: 1.5, k0: true })
  const replaced = modelOf(twoNodes, { kind: 'replace properties', uid: 'a', properties: { k1: 'x' } })
  expect(replaced.nodes.get('a')!.properties).toEqual({ uid: 'a', writer: 3n, k1: 'x' })
})

test('deleting a node takes its relationships along, loops too', () => {
  const model = modelOf(twoNodes, threeRelationships, { kind: 'detach delete', uids: ['b'] })
  expect([...model.nodes.keys()]).toEqual(['a'])
  expect(model.relationships.size).toBe(0)
  expect(model.incident('a')).toEqual([])
  expect(model.relationshipPool.items).toEqual([])
})

test('deleting relationships leaves the others', () => {
  const relationships = [{ uid: 'ab', type: 'KNOWS', from: 'a', to: 'b' }]
  const model = modelOf(twoNodes, threeRelationships, { kind: 'delete relationships', type: 'KNOWS', relationships })
  expect([...model.relationships.keys()].toSorted()).toEqual(['ba', 'bb'])
  expect(model.incident('a')).toEqual(['ba'])
})

test('labels come and go, the common one stays', () => {
  const model = modelOf(
    twoNodes,
    { kind: 'add label', uids: ['a'], label: 'X' },
    { kind: 'remove label', uids: ['a', 'b'], label: 'Person' },
  )
  expect([...model.nodes.get('a')!.labels].toSorted()).toEqual(['Entity', 'X'])
})

test('a change that does not fit the graph is a mistake of the workload, and is said to be', () => {
  expect(() => modelOf(threeRelationships)).toThrow('there is no node')
  expect(() => modelOf(twoNodes, twoNodes)).toThrow('there already is a node')
  expect(() => modelOf(twoNodes, { kind: 'change node', uid: 'a', set: { uid: 'z' }, remove: [] })).toThrow('it changes uid')
})
