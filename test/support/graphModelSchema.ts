import type { Driver } from 'neo4j-driver'
import type { Difference } from './graphModelCompare.ts'
import type { Markers } from './graphModelMarkers.ts'
import { replaySchema } from './graphModelReplay.ts'
import { queryRows } from './graphModelQuery.ts'
import { entityLabel } from './workload/change.ts'
import type { SchemaItem } from './workload/schemaCatalogue.ts'
import { planSchemaStep } from './workload/schemaClient.ts'

export interface SchemaComparison {
  /** The catalogue's items that the database has whole. */
  present: SchemaItem[]
  differences: Difference[]
}

/** What every database of the workload has besides the catalogue's items. */
const fixed: SchemaItem = {
  name: 'entity_uid',
  entity: 'NODE',
  type: 'RANGE',
  unique: true,
  tokens: [entityLabel],
  properties: ['uid'],
}

/**
 * Compares the indexes and constraints of a database with what the schema client's steps say, and waits for the indexes to be ONLINE.
 * Where a step was begun and is not known to be done, both the schema before it and the one after it are right.
 */
export async function compareSchema(
  driver: Driver,
  seed: string,
  catalogue: readonly SchemaItem[],
  { begun, done }: Markers['schema'],
): Promise<SchemaComparison> {
  const found = await readSchema(driver)
  const existing = new Set(replaySchema(seed, catalogue, done).map(({ name }) => name)).add(fixed.name)
  const doubtful = begun > done ? planSchemaStep(seed, begun, catalogue, existing).item : undefined
  const differences: Difference[] = []
  const present: SchemaItem[] = []
  for (const item of [fixed, ...catalogue]) {
    const text = found.get(item.name) ?? absent
    found.delete(item.name)
    const allowed = item === doubtful ? [absent, half(item), whole(item)] : [existing.has(item.name) ? whole(item) : absent]
    if (text === whole(item) && item !== fixed) present.push(item)
    if (allowed.includes(text)) continue
    const kind = text === absent ? 'missing' : allowed.includes(absent) ? 'extra' : 'different'
    differences.push({ kind, what: 'schema', uid: item.name, detail: `found ${text}, expected ${allowed.join(' or ')}` })
  }
  for (const [name, text] of found)
    differences.push({ kind: 'extra', what: 'schema', uid: name, detail: `found ${text}, which nobody made` })
  differences.push(...(await notOnline(driver, doubtful?.name)))
  return { present, differences }
}

const absent = 'nothing'

/** An item as {@link readSchema} tells it. */
function whole(item: SchemaItem): string {
  const { name, entity, unique, tokens, properties } = item
  if (!unique) return half(item)
  return `${half(item)} of ${name}, constraint ${entity} ${tokens.join('|')} (${properties.join()})`
}

/** The index alone: a constraint takes two transactions, first its index, then itself. */
function half({ entity, type, tokens, properties }: SchemaItem): string {
  return `${type} ${entity} ${tokens.toSorted().join('|')} (${properties.join()})`
}

interface SchemaRow extends Record<string, unknown> {
  name: string
  type: string
  entityType: string
  labelsOrTypes: string[] | null
  properties: string[] | null
  owningConstraint: string | null
}

/** The text of each index or constraint by its name. */
async function readSchema(driver: Driver): Promise<Map<string, string>> {
  const indexes = await queryRows<SchemaRow>(
    driver,
    'SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties, owningConstraint',
  )
  const constraints = await queryRows<SchemaRow>(
    driver,
    'SHOW CONSTRAINTS YIELD name, type, entityType, labelsOrTypes, properties',
  )
  const found = new Map<string, string>()
  for (const { name, type, entityType, labelsOrTypes, properties, owningConstraint } of indexes) {
    // Every database has one to find nodes by label; nobody touches it.
    if (type === 'LOOKUP' && entityType === 'NODE') continue
    const owner = owningConstraint === null ? '' : ` of ${owningConstraint}`
    found.set(name, `${type} ${entityType} ${(labelsOrTypes ?? []).toSorted().join('|')} (${(properties ?? []).join()})${owner}`)
  }
  for (const { name, type, entityType, labelsOrTypes, properties } of constraints) {
    const kind = type.endsWith('UNIQUENESS') ? 'constraint' : type
    found.set(name, `${found.get(name)}, ${kind} ${entityType} ${(labelsOrTypes ?? []).join('|')} (${(properties ?? []).join()})`)
  }
  return found
}

/** The indexes that do not come ONLINE, not counting that of a constraint that was perhaps never finished. */
async function notOnline(driver: Driver, doubtful: string | undefined): Promise<Difference[]> {
  const differences: Difference[] = []
  for (const { name } of await queryRows<{ name: string }>(driver, 'SHOW INDEXES YIELD name')) {
    if (name === doubtful) continue
    try {
      await queryRows(driver, 'CALL db.awaitIndex($name, 300)', { name })
    } catch (error) {
      differences.push({ kind: 'different', what: 'index', uid: name, detail: `does not come ONLINE: ${String(error)}` })
    }
  }
  return differences
}
