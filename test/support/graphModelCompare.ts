import type { Driver } from 'neo4j-driver'
import type { GraphModel } from './graphModel.ts'
import type { Properties } from './graphModelValues.ts'
import { canonicalText } from './graphModelValues.ts'
import { streamRows } from './graphModelQuery.ts'

/** One way in which a database is not what the model says. */
export interface Difference {
  kind: 'missing' | 'extra' | 'different'
  /** What it is about, such as `node` or `index`. */
  what: string
  /** The uid or the name of it. */
  uid: string
  detail: string
}

export interface Comparison {
  nodes: number
  relationships: number
  properties: number
  /** How many differences there are; the list holds the first of them. */
  differenceCount: number
  differences: Difference[]
}

/** How many differences are listed. */
const listed = 50

/** Nodes that the workload keeps its own account in. */
const markerLabels = ['Writer', 'SchemaClient']

/** Reads a whole database and compares each node and relationship with the models of the writers, both ways. */
export async function compareGraph(driver: Driver, models: readonly GraphModel[]): Promise<Comparison> {
  const result: Comparison = { nodes: 0, relationships: 0, properties: 0, differenceCount: 0, differences: [] }
  const report = (difference: Difference): void => {
    result.differenceCount++
    if (result.differences.length < listed) result.differences.push(difference)
  }
  await compareNodes(driver, models, result, report)
  await compareRelationships(driver, models, result, report)
  return result
}

type Report = (difference: Difference) => void

async function compareNodes(driver: Driver, models: readonly GraphModel[], result: Comparison, report: Report): Promise<void> {
  const expected = new Map(models.flatMap((model) => [...model.nodes]))
  const seen = new Set<string>()
  for await (const { labels, properties } of streamRows<NodeRow>(driver, nodeQuery)) {
    if (labels.length === 1 && markerLabels.includes(labels[0]!)) continue
    result.nodes++
    result.properties += Object.keys(properties).length
    const uid = uidOf(properties)
    const node = expected.get(uid)
    if (node === undefined || seen.has(uid)) {
      const detail = `${seen.has(uid) ? 'found twice' : 'not expected'}: ${labels.join(':')} ${textOf(properties)}`
      report({ kind: 'extra', what: 'node', uid, detail })
      continue
    }
    seen.add(uid)
    const found = labels.toSorted().join(':')
    const wanted = [...node.labels].toSorted().join(':')
    if (found !== wanted) report({ kind: 'different', what: 'node', uid, detail: `labels ${found}, expected ${wanted}` })
    compareProperties('node', uid, properties, node.properties, report)
  }
  for (const uid of expected.keys()) if (!seen.has(uid)) report({ kind: 'missing', what: 'node', uid, detail: 'not found' })
}

async function compareRelationships(
  driver: Driver,
  models: readonly GraphModel[],
  result: Comparison,
  report: Report,
): Promise<void> {
  const expected = new Map(models.flatMap((model) => [...model.relationships]))
  const seen = new Set<string>()
  for await (const { from, type, to, properties } of streamRows<RelationshipRow>(driver, relationshipQuery)) {
    result.relationships++
    result.properties += Object.keys(properties).length
    const uid = uidOf(properties)
    const found = `(${from})-[${type}]->(${to})`
    const relationship = expected.get(uid)
    if (relationship === undefined || seen.has(uid)) {
      const detail = `${seen.has(uid) ? 'found twice' : 'not expected'}: ${found} ${textOf(properties)}`
      report({ kind: 'extra', what: 'relationship', uid, detail })
      continue
    }
    seen.add(uid)
    const wanted = `(${relationship.from})-[${relationship.type}]->(${relationship.to})`
    if (found !== wanted) report({ kind: 'different', what: 'relationship', uid, detail: `${found}, expected ${wanted}` })
    compareProperties('relationship', uid, properties, relationship.properties, report)
  }
  for (const uid of expected.keys()) {
    if (!seen.has(uid)) report({ kind: 'missing', what: 'relationship', uid, detail: 'not found' })
  }
}

function compareProperties(what: string, uid: string, found: Properties, wanted: Properties, report: Report): void {
  for (const key of new Set([...Object.keys(found), ...Object.keys(wanted)])) {
    const [left, right] = [found, wanted].map((side) => (key in side ? canonicalText(side[key]) : 'nothing'))
    if (left !== right) report({ kind: 'different', what, uid, detail: `${key} is ${left}, expected ${right}` })
  }
}

interface NodeRow {
  labels: string[]
  properties: Properties
}

interface RelationshipRow {
  from: unknown
  type: string
  to: unknown
  properties: Properties
}

const nodeQuery = 'MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties'
const relationshipQuery = 'MATCH (a)-[r]->(b) RETURN a.uid AS from, type(r) AS type, b.uid AS to, properties(r) AS properties'

function uidOf(properties: Properties): string {
  const { uid } = properties
  return typeof uid === 'string' ? uid : `without uid: ${canonicalText(uid)}`
}

function textOf(properties: Properties): string {
  const entries = Object.entries(properties).map(([key, value]) => `${key}: ${canonicalText(value)}`)
  return `{${entries.join(', ')}}`.slice(0, 500)
}
