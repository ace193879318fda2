import type { Operation } from '../txlog/changes/entityChanges.ts'
import type { NewToken, SchemaChange, TransactionChanges } from '../txlog/changes/transactionChanges.ts'
import type { SchemaValue } from '../txlog/commands/schemaCommand.ts'
import type { EntityChange, Known } from './criteria.ts'

/** How many entities of one sort a transaction treated alike. */
export interface ChangedGroup {
  kind: EntityChange['kind']
  operation: Operation
  /** The labels of the nodes; null where the log does not say. */
  labels?: string[] | null
  /** The type of the relationships; null where the log does not say. */
  type?: string | null
  count: number
}

/** An index or a constraint that came, changed or went. */
export interface ShownRule {
  operation: Operation
  kind: 'index' | 'constraint' | 'rule'
  name: string
  /** Everything that the log says of it. */
  rule: Readonly<Record<string, SchemaValue>>
}

/** What a transaction touched. */
export interface Summary {
  groups: ChangedGroup[]
  newTokens: NewToken[]
  schema: ShownRule[]
}

/** Counts what a transaction touched. */
export function summarise({ nodes, relationships, tokens, schema }: TransactionChanges, known: Known): Summary {
  const groups = new Map<string, ChangedGroup>()
  for (const change of [...nodes, ...relationships]) {
    const sort = change.kind === 'node' ? known.memory.labelsOf(change)?.join() : known.memory.placeOf(change)?.type
    const key = `${change.kind} ${change.operation} ${sort}`
    const group = groups.get(key)
    if (group) group.count++
    else groups.set(key, { ...newGroup(change, known), count: 1 })
  }
  return { groups: [...groups.values()].toSorted((a, b) => b.count - a.count), newTokens: tokens, schema: schema.map(shownRule) }
}

function newGroup(change: EntityChange, { names, memory }: Known): Omit<ChangedGroup, 'count'> {
  const { kind, operation } = change
  if (kind === 'node') return { kind, operation, labels: memory.labelsOf(change)?.map((id) => names.name('label', id)) ?? null }
  const place = memory.placeOf(change)
  return { kind, operation, type: place ? names.name('relationship type', place.type) : null }
}

function shownRule({ id, operation, rule = {} }: SchemaChange): ShownRule {
  const kinds = { INDEX: 'index', CONSTRAINT: 'constraint' } as const
  const { schemaRuleType, name } = rule
  const kind = schemaRuleType === 'INDEX' || schemaRuleType === 'CONSTRAINT' ? kinds[schemaRuleType] : 'rule'
  return { operation, kind, name: typeof name === 'string' ? name : `#${id}`, rule }
}
