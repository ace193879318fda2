import { embeddingSize } from './vocabulary.ts'
import { quoted } from './statements.ts'

/** An index or a constraint that the schema client creates and drops. */
export interface SchemaItem {
  name: string
  entity: 'NODE' | 'RELATIONSHIP'
  type: 'RANGE' | 'TEXT' | 'POINT' | 'FULLTEXT' | 'VECTOR' | 'LOOKUP'
  /** A uniqueness constraint, whose index has the type above. */
  unique: boolean
  /** Labels or relationship types; none for a lookup index. */
  tokens: readonly string[]
  properties: readonly string[]
}

/** Everything the schema client may create on a Neo4j that has vector indexes, or does not. */
export function schemaCatalogue(withVectors: boolean): readonly SchemaItem[] {
  return catalogue.filter((item) => withVectors || item.type !== 'VECTOR')
}

/** Dropped and created like the others, though a fresh database has one. */
export const relationshipLookup = item('relationship_lookup', 'RELATIONSHIP', 'LOOKUP', [], [])

const catalogue: readonly SchemaItem[] = [
  item('range_name', 'NODE', 'RANGE', ['Person'], ['name']),
  item('range_rank', 'NODE', 'RANGE', ['Company'], ['rank']),
  item('range_any', 'NODE', 'RANGE', ['Place'], ['k0']),
  item('range_everywhere', 'NODE', 'RANGE', ['Entity'], ['k1']),
  item('range_composite', 'NODE', 'RANGE', ['漢字'], ['name', 'rank']),
  item('text_name', 'NODE', 'TEXT', ['Person'], ['name']),
  item('text_body', 'NODE', 'TEXT', ['has space'], ['body']),
  item('point_place', 'NODE', 'POINT', ['Place'], ['place']),
  item('fulltext_body', 'NODE', 'FULLTEXT', ['Person', 'Company', 'Kilo'], ['body', 'name']),
  item('vector_embedding', 'NODE', 'VECTOR', ['Thing'], ['embedding']),
  item('unique_code', 'NODE', 'RANGE', ['Lima'], ['code'], true),
  item('unique_code_too', 'NODE', 'RANGE', ['Person'], ['code'], true),
  item('relationship_range', 'RELATIONSHIP', 'RANGE', ['KNOWS'], ['rank']),
  item('relationship_text', 'RELATIONSHIP', 'TEXT', ['OWNS'], ['name']),
  item('relationship_point', 'RELATIONSHIP', 'POINT', ['KNOWS'], ['place']),
  item('relationship_fulltext', 'RELATIONSHIP', 'FULLTEXT', ['OWNS', '漢字_TYPE'], ['body']),
  item('relationship_unique', 'RELATIONSHIP', 'RANGE', ['LIES_IN'], ['uid'], true),
  relationshipLookup,
]

function item(
  name: string,
  entity: SchemaItem['entity'],
  type: SchemaItem['type'],
  tokens: readonly string[],
  properties: readonly string[],
  unique = false,
): SchemaItem {
  return { name, entity, type, unique, tokens, properties }
}

/** The Cypher that creates an item where it does not exist. */
export function createStatement({ name, entity, type, unique, tokens, properties }: SchemaItem): string {
  const token = tokens.map(quoted).join('|')
  const pattern = entity === 'NODE' ? `(x:${token})` : `()-[x:${token}]-()`
  const keys = properties.map((key) => `x.${quoted(key)}`).join(', ')
  if (unique) return `CREATE CONSTRAINT ${name} IF NOT EXISTS FOR ${pattern} REQUIRE ${keys} IS UNIQUE`
  switch (type) {
    case 'LOOKUP':
      return `CREATE LOOKUP INDEX ${name} IF NOT EXISTS FOR ()-[x]-() ON EACH type(x)`
    case 'FULLTEXT':
      return `CREATE FULLTEXT INDEX ${name} IF NOT EXISTS FOR ${pattern} ON EACH [${keys}]
              OPTIONS {indexConfig: {\`fulltext.analyzer\`: 'whitespace'}}`
    case 'VECTOR':
      return `CREATE VECTOR INDEX ${name} IF NOT EXISTS FOR ${pattern} ON (${keys})
              OPTIONS {indexConfig: {\`vector.dimensions\`: ${embeddingSize}, \`vector.similarity_function\`: 'cosine'}}`
    case 'RANGE':
    case 'TEXT':
    case 'POINT':
      return `CREATE ${type} INDEX ${name} IF NOT EXISTS FOR ${pattern} ON (${keys})`
  }
}

/** The Cypher that drops an item where it exists. */
export function dropStatement(item: SchemaItem): string {
  return item.unique ? `DROP CONSTRAINT ${item.name} IF EXISTS` : dropIndexStatement(item)
}

/** The Cypher that drops an index where it exists. */
export function dropIndexStatement({ name }: SchemaItem): string {
  return `DROP INDEX ${name} IF EXISTS`
}
