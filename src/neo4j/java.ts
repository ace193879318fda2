import { readFile, realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { installedJavaHomes } from './javaFolders.ts'
import { systemToolEnvironment } from './systemTools.ts'
import { versionTraits } from './versions.ts'

/** A Java runtime on this machine. */
export interface Java {
  /** The path of the `java` command. */
  command: string
  /** Such as `17.0.15`. */
  version: string
  /** Such as 17. */
  major: number
}

/** Where to look for Java. */
export interface JavaSearch {
  /** A Java to prefer, as in `JAVA_HOME`. */
  javaHome?: string | undefined
  /** Folders separated as in `PATH`. */
  path?: string | undefined
  /** Globs of homes, `*` for one name; by default where package managers put them. */
  folders?: readonly string[] | undefined
}

/**
 * Finds a Java that runs a version of Neo4j: the preferred one where it fits, then the one on the path, then the best installed one.
 * @throws HoldfastError `neo4j-unavailable` where none fits, naming those that were found.
 */
export async function findJava(neo4jVersion: string, search: JavaSearch = {}): Promise<Java> {
  const { javaVersions } = versionTraits(neo4jVersion)
  const found: Java[] = []
  for (const command of namedCommands(search)) {
    const java = await identifyJava(command)
    if (java === undefined) continue
    if (javaVersions.includes(java.major)) return java
    found.push(java)
  }
  const homes = await installedJavaHomes(search.folders)
  const installed = await Promise.all(homes.map((home) => identifyJava(join(home, 'bin', 'java'))))
  found.push(...installed.filter((java) => java !== undefined))
  for (const major of javaVersions) {
    const fitting = found.find((java) => java.major === major)
    if (fitting !== undefined) return fitting
  }
  throw noFittingJava(neo4jVersion, javaVersions, found)
}

/** What a `java` command is, from the `release` file of its home or else by asking it; undefined where it is none. */
async function identifyJava(command: string): Promise<Java | undefined> {
  let real: string
  try {
    real = await realpath(command)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return undefined
    throw error
  }
  const version = (await releasedVersion(dirname(dirname(real)))) ?? (await reportedVersion(real))
  if (version === undefined) return undefined
  const [first, second] = version.split(/[._+-]/).map(Number)
  const major = first === 1 ? second : first
  return major === undefined || Number.isNaN(major) ? undefined : { command: real, version, major }
}

function namedCommands({ javaHome, path }: JavaSearch): string[] {
  const folders = path?.split(delimiter).filter((folder) => folder !== '') ?? []
  return [...(javaHome ? [join(javaHome, 'bin')] : []), ...folders].map((folder) => join(folder, 'java'))
}

async function releasedVersion(home: string): Promise<string | undefined> {
  try {
    return /^JAVA_VERSION="([^"]+)"/m.exec(await readFile(join(home, 'release'), 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

async function reportedVersion(command: string): Promise<string | undefined> {
  const bounds = { stdin: 'ignore', timeout: 10_000, env: systemToolEnvironment, extendEnv: false } as const
  const { execa } = await import('execa')
  const { stderr } = await execa(command, ['-version'], { reject: false, ...bounds })
  return /version "([^"]+)"/.exec(stderr)?.[1]
}

function noFittingJava(neo4jVersion: string, javaVersions: readonly number[], found: readonly Java[]): HoldfastError {
  const needed = javaVersions.join(' or ')
  const places = [...new Map(found.map((java) => [java.command, `${java.version} (${java.command})`])).values()]
  const seen = places.length === 0 ? 'no Java at all' : `only ${places.join(', ')}`
  const packaged =
    process.platform === 'darwin' ? `brew install openjdk@${javaVersions[0]}` : `openjdk-${javaVersions[0]}-jre-headless`
  return new HoldfastError('neo4j-unavailable', `Neo4j ${neo4jVersion} needs Java ${needed}: found ${seen}`, {
    hint: `install Java ${needed} (${packaged}, or from adoptium.net), or point JAVA_HOME to one`,
  })
}
