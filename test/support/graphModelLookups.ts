import type { Driver, Plan } from 'neo4j-driver'
import { isPoint } from 'neo4j-driver'
import type { GraphModel } from './graphModel.ts'
import type { Difference } from './graphModelCompare.ts'
import type { Checked } from './graphModelCounts.ts'
import { queryRows } from './graphModelQuery.ts'
import type { Properties, PropertyValue } from './graphModelValues.ts'
import { canonicalText } from './graphModelValues.ts'
import { Random } from './workload/random.ts'
import { words } from './workload/randomText.ts'
import type { SchemaItem } from './workload/schemaCatalogue.ts'
import { quoted } from './workload/statements.ts'

interface Candidate {
  uid: string
  properties: Properties
}

/** How many values are looked up in each index. */
const samples = 5

/**
 * Looks values up through each index of the schema and compares what it finds with what the models have:
 * an index that has lost, or kept, an entry answers wrongly though the graph itself is right.
 */
export async function checkLookups(
  driver: Driver,
  models: readonly GraphModel[],
  items: readonly SchemaItem[],
  seed: string,
): Promise<Checked> {
  const random = new Random(`${seed}/lookups`)
  const result: Checked = { asked: 0, differences: [] }
  for (const item of items) {
    const candidates = models.flatMap((model) => candidatesOf(model, item))
    if (item.type === 'LOOKUP') continue
    if (item.type === 'FULLTEXT') await searchWords(driver, item, candidates, random, result)
    else if (item.type === 'VECTOR') await searchVectors(driver, item, candidates, random, result)
    else await lookUpValues(driver, item, candidates, random, result)
  }
  return result
}

/** The entities that the index is about, whether they have its properties or not. */
function candidatesOf(model: GraphModel, { entity, tokens }: SchemaItem): Candidate[] {
  if (entity === 'RELATIONSHIP') {
    return [...model.relationships].flatMap(([uid, { type, properties }]) => (tokens.includes(type) ? [{ uid, properties }] : []))
  }
  return [...model.nodes].flatMap(([uid, { labels, properties }]) =>
    tokens.some((token) => labels.has(token)) ? [{ uid, properties }] : [],
  )
}

async function lookUpValues(
  driver: Driver,
  item: SchemaItem,
  candidates: readonly Candidate[],
  random: Random,
  result: Checked,
): Promise<void> {
  const { name, entity, type, properties: keys } = item
  const token = quoted(item.tokens[0]!)
  const pattern = entity === 'NODE' ? `(x:${token})` : `()-[x:${token}]->()`
  const hint = `USING ${type} INDEX x:${token}(${keys.map(quoted).join(', ')})`
  const condition = keys.map((key, index) => `x.${quoted(key)} = $v${index}`).join(' AND ')
  const text = `MATCH ${pattern} ${hint} WHERE ${condition} RETURN x.uid AS uid`
  const usable = candidates.filter(({ properties }) => keys.every((key) => canBeLookedUp(type, properties[key])))
  for (const { properties } of random.sample(usable, samples)) {
    const values = keys.map((key) => properties[key]!)
    const parameters = Object.fromEntries(values.map((value, index) => [`v${index}`, value]))
    const expected = candidates.filter((candidate) =>
      keys.every((key, index) => indexEquals(candidate.properties[key], values[index]!)),
    )
    const detail = values.map(canonicalText).join(', ')
    result.asked++
    result.differences.push(...compareUids(name, detail, await findUids(driver, text, parameters), expected))
    if (!(await usesIndex(driver, text, parameters))) {
      result.differences.push({
        kind: 'different',
        what: 'lookup',
        uid: name,
        detail: `Neo4j does not use the index for ${detail}`,
      })
    }
  }
}

async function searchWords(
  driver: Driver,
  { name, entity, properties: keys }: SchemaItem,
  candidates: readonly Candidate[],
  random: Random,
  result: Checked,
): Promise<void> {
  const [procedure, found] = entity === 'NODE' ? ['queryNodes', 'node'] : ['queryRelationships', 'relationship']
  const text = `CALL db.index.fulltext.${procedure}($name, $word) YIELD ${found} AS x RETURN x.uid AS uid`
  for (const word of random.sample(words, samples)) {
    const expected = candidates.filter(({ properties }) => keys.some((key) => hasWord(properties[key], word)))
    result.asked++
    result.differences.push(...compareUids(name, word, await findUids(driver, text, { name, word }), expected))
  }
}

/** The nearest neighbours are approximate; but each must be a node that has a vector and the label, and some must be found. */
async function searchVectors(
  driver: Driver,
  { name, properties: [key] }: SchemaItem,
  candidates: readonly Candidate[],
  random: Random,
  result: Checked,
): Promise<void> {
  const text = 'CALL db.index.vector.queryNodes($name, 10, $vector) YIELD node RETURN node.uid AS uid'
  const indexed = candidates.filter(({ properties }) => isVector(properties[key!]))
  const known = new Set(indexed.map(({ uid }) => uid))
  for (const { properties } of random.sample(indexed, samples)) {
    const uids = await findUids(driver, text, { name, vector: properties[key!] })
    result.asked++
    for (const uid of uids.filter((found) => !known.has(found))) {
      result.differences.push({ kind: 'extra', what: 'lookup', uid: name, detail: `the vector index finds ${uid}` })
    }
    if (uids.length === 0) {
      result.differences.push({
        kind: 'missing',
        what: 'lookup',
        uid: name,
        detail: `the vector index finds none of ${known.size}`,
      })
    }
  }
}

async function findUids(driver: Driver, text: string, parameters: Record<string, unknown>): Promise<string[]> {
  return (await queryRows<{ uid: string }>(driver, text, parameters)).map(({ uid }) => uid)
}

async function usesIndex(driver: Driver, text: string, parameters: Record<string, unknown>): Promise<boolean> {
  const { summary } = await driver.executeQuery(`EXPLAIN ${text}`, parameters, { database: 'neo4j' })
  const operators = (plan: Plan): string[] => [plan.operatorType, ...plan.children.flatMap(operators)]
  return summary.plan !== false && operators(summary.plan).some((operator) => operator.includes('Index'))
}

function compareUids(index: string, value: string, found: readonly string[], expected: readonly Candidate[]): Difference[] {
  const wanted = new Set(expected.map(({ uid }) => uid))
  const seen = new Set(found)
  const about = (kind: Difference['kind'], uid: string): Difference => ({
    kind,
    what: 'lookup',
    uid: index,
    detail: `${kind === 'missing' ? 'does not find' : 'finds'} ${uid} by ${value}`,
  })
  return [
    ...[...wanted].filter((uid) => !seen.has(uid)).map((uid) => about('missing', uid)),
    ...found.filter((uid, position) => !wanted.has(uid) || found.indexOf(uid) !== position).map((uid) => about('extra', uid)),
  ]
}

function canBeLookedUp(type: SchemaItem['type'], value: PropertyValue | undefined): boolean {
  if (type === 'POINT') return isPoint(value)
  if (type === 'TEXT') return typeof value === 'string'
  return typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean' || isPoint(value)
}

/** Equality as Neo4j's indexes have it for the types above: 1 equals 1.0, but 0 is not -0.0, which Cypher's `=` without an index calls equal. */
function indexEquals(left: PropertyValue | undefined, right: PropertyValue): boolean {
  if (typeof left === 'bigint' && typeof right === 'number') return Object.is(Number(left), right) && BigInt(right) === left
  if (typeof left === 'number' && typeof right === 'bigint') return indexEquals(right, left)
  if (isPoint(left) && isPoint(right)) {
    return left.srid === right.srid && left.x === right.x && left.y === right.y && left.z === right.z
  }
  return left === right
}

function hasWord(value: PropertyValue | undefined, word: string): boolean {
  return typeof value === 'string' && value.split(/\s+/).includes(word)
}

function isVector(value: PropertyValue | undefined): boolean {
  return (
    Array.isArray(value) && value.length === 8 && value.every((element) => typeof element === 'number' && Math.abs(element) < 1e6)
  )
}
