import type { Manifest } from '../repository/manifest.ts'

/** Neo4j Community starts, and so recovers, only `system` and the default database: this is what must be the default to have one recovered. */
export function startedDatabase({ databases }: Pick<Manifest, 'databases'>, database: string): string {
  if (database !== 'system') return database
  const names = databases.map(({ name }) => name).filter((name) => name !== 'system')
  return names.includes('neo4j') ? 'neo4j' : (names[0] ?? 'neo4j')
}
