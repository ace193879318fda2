import { HoldfastError } from '../core/errors.ts'

/** The versions that short names stand for, and that the tests run on: the oldest that works, the long-term one, the newest. */
export const namedVersions = { oldest: '5.13.0', lts: '5.26.30', latest: '2026.09.0' } as const

/** The year of the newest release line that is known to work. */
const newestYear = 2026

/** What differs from one Neo4j to another, as far as running it is concerned. */
export interface VersionTraits {
  /** Major versions of Java it runs on, the best first. */
  javaVersions: readonly number[]
  /** The class that starts the server. */
  serverClass: string
}

const calendarServer = 'org.neo4j.server.Neo4jCommunity'
const classicServer = 'org.neo4j.server.CommunityEntryPoint'

/** From each version on, until the next row. */
const traits: readonly (VersionTraits & { from: readonly [number, number] })[] = [
  { from: [2025, 10], javaVersions: [21, 25], serverClass: calendarServer },
  { from: [2025, 1], javaVersions: [21], serverClass: calendarServer },
  { from: [5, 14], javaVersions: [17, 21], serverClass: classicServer },
  { from: [5, 13], javaVersions: [17], serverClass: classicServer },
]

/**
 * The exact version that a version or a short name (`latest`, `lts`, `oldest`) stands for, such as `5.26.30`.
 * @throws HoldfastError `usage` where it is not a version, `refused` where it is not one that is known to work.
 */
export function resolveVersion(text: string): string {
  const version = Object.hasOwn(namedVersions, text) ? namedVersions[text as keyof typeof namedVersions] : text
  requireKnownVersion(version)
  return version
}

/**
 * Makes sure that a version is one that is known to work.
 * @throws HoldfastError `usage` where it is not a version, `refused` where it is not known to work.
 */
export function requireKnownVersion(version: string): void {
  versionTraits(version)
}

/**
 * What is particular about a version.
 * @throws HoldfastError as {@link requireKnownVersion}.
 */
export function versionTraits(version: string): VersionTraits {
  const [major, minor] = parseVersion(version)
  const row = traits.find(({ from }) => major > from[0] || (major === from[0] && minor >= from[1]))
  if (row === undefined) throw unknown(version, 'is too old: the oldest that works is 5.13.0')
  if (major > 5 && major < 2025) throw unknown(version, 'is no release of Neo4j')
  if (major > newestYear) throw unknown(version, `is newer than the ${newestYear} releases, the newest that are known to work`)
  return row
}

/** Whether one version came before another. @throws HoldfastError `usage` where one is not a version. */
export function isOlder(version: string, than: string): boolean {
  const [one, other] = [parseVersion(version), parseVersion(than)]
  const index = one.findIndex((part, at) => part !== other[at])
  return index >= 0 && one[index]! < other[index]!
}

/** The parts of a version such as `2026.09.0`, a suffix such as `-SNAPSHOT` left out; throws HoldfastError `usage` for anything else. */
function parseVersion(version: string): [number, number, number] {
  const match = /^(\d+)\.(\d+)\.(\d+)(-[\w.-]+)?$/.exec(version)
  if (match === null) {
    const names = Object.keys(namedVersions).join(', ')
    throw new HoldfastError('usage', `'${version}' is not a version of Neo4j`, {
      hint: `give all three parts, such as ${namedVersions.lts}, or one of ${names}`,
    })
  }
  return [Number(match[1]), Number(match[2]), Number(match[3])]
}

function unknown(version: string, why: string): HoldfastError {
  return new HoldfastError('refused', `Neo4j ${version} ${why}`, {
    hint: `use one from 5.13.0 to ${newestYear}, such as ${namedVersions.lts} or ${namedVersions.latest}`,
  })
}
