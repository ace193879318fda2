/** What keeps a text from being the name of a database of Neo4j; undefined where nothing does. */
export function databaseNameProblem(name: string): string | undefined {
  if (!/^[a-zA-Z]/.test(name)) return 'expected a letter first'
  if (!/^[a-zA-Z0-9.-]*$/.test(name)) return 'expected letters, digits, dots and hyphens'
  if (name.length < 3 || name.length > 63) return `expected 3 to 63 characters, found ${name.length}`
  return undefined
}
