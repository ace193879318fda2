import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { findJava, type Java, type JavaSearch } from './java.ts'
import { requireKnownVersion } from './versions.ts'

/** The programs of one Neo4j Community version, and the Java that runs them. */
export interface Installation {
  /** Such as `5.26.30`. */
  version: string
  /** The folder of the jar files. */
  lib: string
  /** The jar files in a fixed order, as Java's class path. */
  classPath: string
  java: Java
  /** Where a class archive that quickens the start is kept; absent for an installation that is not ours. */
  archiveFolder?: string
}

/**
 * Opens an ordinary installation, as unpacked from Neo4j's archive: only its jar files are used, its configuration is not.
 * @throws HoldfastError `neo4j-unavailable` where there is none or no Java for it, `refused` where it is Enterprise or of an unknown version.
 */
export async function openInstallation(home: string, search: JavaSearch = {}): Promise<Installation> {
  return openLibrary(join(home, 'lib'), search)
}

/**
 * Opens a folder of jar files.
 * @throws HoldfastError as {@link openInstallation}.
 */
export async function openLibrary(lib: string, search: JavaSearch): Promise<Installation> {
  const jars = (await jarNames(lib)).toSorted()
  const version = jars.map((name) => /^neo4j-kernel-(\d.*)\.jar$/.exec(name)?.[1]).find((found) => found !== undefined)
  if (version === undefined) {
    throw new HoldfastError(
      'neo4j-unavailable',
      `no Neo4j in ${lib}: expected neo4j-kernel-<version>.jar, found ${jars.length} jar files`,
      {
        hint: 'point NEO4J_HOME to the folder that holds bin, conf and lib, or leave it out to have one installed',
      },
    )
  }
  const enterprise = jars.find((name) => /\benterprise\b/.test(name))
  if (enterprise !== undefined) {
    throw new HoldfastError(
      'refused',
      `${lib} holds Neo4j Enterprise ${version} (${enterprise}): only Community is known to work`,
      {
        hint: 'Enterprise has a backup of its own, neo4j-admin database backup; for Community leave NEO4J_HOME out',
      },
    )
  }
  requireKnownVersion(version)
  const java = await findJava(version, search)
  return { version, lib, classPath: jars.map((name) => join(lib, name)).join(':'), java }
}

async function jarNames(lib: string): Promise<string[]> {
  try {
    return (await readdir(lib)).filter((name) => name.endsWith('.jar'))
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}
