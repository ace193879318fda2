import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { systemReason } from '../core/systemReasons.ts'
import { type ProgressListener, silent } from '../core/progress.ts'
import { archiveClasses } from './classArchive.ts'
import { type Installation, openLibrary } from './installation.ts'
import { isWhole, putInPlace, removeAbandoned, temporaryFolder, writeListing } from './installationFolder.ts'
import { findJava, type JavaSearch } from './java.ts'
import { copyFromMaven } from './mavenProject.ts'
import { resolveVersion } from './versions.ts'

/** What is installed where. */
export interface InstallationPlace {
  /** An exact version, or a short name such as `lts`. */
  version: string
  /** Holdfast's cache folder; the installation is `neo4j/<version>` in it. */
  cacheDir: string
  java?: JavaSearch | undefined
}

export interface InstallOptions extends InstallationPlace {
  signal?: AbortSignal | undefined
  onProgress?: ProgressListener | undefined
  /** All that Maven sees of an environment; without any it looks in the usual places only. */
  mavenEnvironment?: Readonly<Record<string, string>> | undefined
}

/**
 * The installed Neo4j of a version; where there is none yet, it is assembled from Maven Central, which takes about half a minute,
 * and started once. Two processes may do this at the same time.
 * @throws HoldfastError `neo4j-unavailable` where no Java fits or Maven fails, `refused` for a version that is not known to work.
 */
export async function installNeo4j(options: InstallOptions): Promise<Installation> {
  const { cacheDir, java, signal, onProgress = silent, mavenEnvironment: environment = {} } = options
  const place = { ...options, version: resolveVersion(options.version) }
  const present = await installedNeo4j(place)
  if (present !== undefined) return present
  await findJava(place.version, java)
  await assemble(place.version, join(cacheDir, 'neo4j'), { environment, signal, onProgress })
  const installed = await installedNeo4j(place)
  if (installed === undefined)
    throw new HoldfastError('failed', `Neo4j ${place.version} is gone from ${cacheDir} right after its installation`)
  onProgress({ phase: `try Neo4j ${installed.version}` })
  await archiveClasses(installed, { signal })
  return installed
}

/** The Neo4j of a version if it is installed and whole, otherwise undefined. */
export async function installedNeo4j({ version, cacheDir, java = {} }: InstallationPlace): Promise<Installation | undefined> {
  const folder = join(cacheDir, 'neo4j', resolveVersion(version))
  if (!(await isWhole(folder))) return undefined
  return { ...(await openLibrary(join(folder, 'lib'), java)), archiveFolder: folder }
}

async function assemble(version: string, root: string, options: Parameters<typeof copyFromMaven>[2]): Promise<void> {
  try {
    await mkdir(root, { recursive: true })
    await removeAbandoned(root)
  } catch (error) {
    const known = systemReason(error)
    if (known === undefined) throw error
    throw new HoldfastError('failed', `Neo4j cannot be installed in ${root}: ${known.reason}`, {
      hint: 'give --cache-dir a directory that this user may write to',
      cause: error,
    })
  }
  const assembled = temporaryFolder(root, version)
  try {
    await mkdir(assembled)
    await copyFromMaven(version, assembled, options)
    await writeListing(assembled, version)
    await putInPlace(assembled, join(root, version))
  } finally {
    await rm(assembled, { recursive: true, force: true })
  }
}
