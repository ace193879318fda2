import type { Services, Surroundings } from './cli/services.ts'
import { neo4jPassword, type RepositoryKey, repositoryKey } from './config/credentials.ts'
import { mavenEnvironment, processEnvironment } from './config/environment.ts'
import { required } from './config/resolve.ts'
import { systemClock } from './core/clock.ts'
import { HoldfastError } from './core/errors.ts'
import type { KeySource } from './repository/keys.ts'
import { directoryStorage } from './storage/directory.ts'

/**
 * Builds what a command may use from the settings: the one place where the parts of the program are put together.
 * A part is loaded when a command asks for it: loading all of them takes longer than most commands.
 */
export function buildServices({ settings, log, progress, signal }: Surroundings): Services {
  const clock = systemClock
  const { database, uri, user, javaHome, path, neo4jHome, neo4jVersion, cacheDir } = settings.values

  const storage = once(() => directoryStorage(required(settings, 'repo')))
  const key = once(() => keySource(repositoryKey(settings)))
  const repository = once(async () => {
    const { openRepository } = await import('./repository/repository.ts')
    return openRepository(storage(), { key: key(), clock })
  })

  const connection = once(() => ({ uri, user, password: neo4jPassword(settings) }))
  const graphIfAnswering = async () => {
    const { connect } = await import('./neo4j/graph.ts')
    try {
      return await connect(connection())
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'neo4j-unavailable')) throw error
      log.warn(`the server is not asked for schema and counts: ${error.message}`)
      return undefined
    }
  }
  const logSource: Services['logSource'] = async () => {
    const dataDir = required(settings, 'dataDir')
    const { requireDatabase } = await import('./neo4j/dataDirectory.ts')
    const { liveLog } = await import('./history/liveLog.ts')
    await requireDatabase(dataDir, database)
    return liveLog({ dataDir, database }, signal)
  }
  const javaSearch = () => ({ javaHome, path })
  const installation: Services['installation'] = async (wanted = 'lts') => {
    if (neo4jHome !== undefined) {
      const { openInstallation } = await import('./neo4j/installation.ts')
      return openInstallation(neo4jHome, javaSearch())
    }
    const { installNeo4j } = await import('./neo4j/install.ts')
    const place = { version: neo4jVersion ?? wanted, cacheDir, java: javaSearch() }
    const maven = mavenEnvironment({ ...processEnvironment(), ...(path === undefined ? {} : { PATH: path }) })
    return installNeo4j({ ...place, mavenEnvironment: maven, signal, onProgress: progress })
  }

  const staging: Services['staging'] = async (manifest) => {
    const { likelyVersion } = await import('./recovery/likelyVersion.ts')
    const { version } = manifest.server ?? {}
    if (version === undefined && neo4jVersion === undefined && neo4jHome === undefined)
      log.warn(
        `no server answered when ${manifest.id} was made: it is checked on Neo4j ${likelyVersion(manifest)}, as its logs suggest`,
      )
    const found = await installation(version ?? likelyVersion(manifest))
    if (version !== undefined && found.version !== version && settings.sources.neo4jVersion?.kind !== 'flag')
      throw otherVersion(manifest.id, version, found.version)
    return found
  }

  const newRepositoryIn: Services['newRepositoryIn'] = async (directory) => {
    const { initRepository, openRepository } = await import('./repository/repository.ts')
    await initRepository(directoryStorage(directory), { clock })
    return openRepository(directoryStorage(directory), { clock })
  }

  const repositoryServices = { storage, repositoryKey: key, repository, newRepositoryIn }
  return { clock, log, ...repositoryServices, connection, graphIfAnswering, logSource, javaSearch, installation, staging }
}

/** A newer Neo4j upgrades what it starts on, and then the one that the backup is of can no longer open it. */
function otherVersion(backup: string, expected: string, found: string): HoldfastError {
  return new HoldfastError('refused', `backup ${backup} is of Neo4j ${expected}, the settings name ${found} to check it on`, {
    hint: `leave out NEO4J_HOME and the configured version, so that Neo4j ${expected} is installed for the check; or give --neo4j-version ${found} if you mean it`,
  })
}

function keySource(key: RepositoryKey | undefined): KeySource | undefined {
  if (key === undefined) return undefined
  return 'passphrase' in key ? { passphrase: key.passphrase.reveal() } : key
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
