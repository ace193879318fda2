import type { Services, Surroundings } from './cli/services.ts'
import { neo4jPassword, type RepositoryKey, repositoryKey } from './config/credentials.ts'
import { required } from './config/resolve.ts'
import { systemClock } from './core/clock.ts'
import { HoldfastError } from './core/errors.ts'
import { connect } from './neo4j/graph.ts'
import { installNeo4j } from './neo4j/install.ts'
import { openInstallation } from './neo4j/installation.ts'
import type { KeySource } from './repository/keys.ts'
import type { Manifest } from './repository/manifest.ts'
import { initRepository, openRepository } from './repository/repository.ts'
import { directoryStorage } from './storage/directory.ts'
import { kernelVersions } from './txlog/kernelVersions.ts'

/** Builds what a command may use from the settings: the one place where the parts of the program are put together. */
export function buildServices({ settings, log, progress, signal }: Surroundings): Services {
  const clock = systemClock
  const { uri, user, javaHome, path, neo4jHome, neo4jVersion, cacheDir } = settings.values

  const storage = once(() => directoryStorage(required(settings, 'repo')))
  const key = once(() => keySource(repositoryKey(settings)))
  const repository = once(async () => openRepository(storage(), { key: key(), clock }))

  const connection = once(() => ({ uri, user, password: neo4jPassword(settings) }))
  const graphIfAnswering = async () => {
    try {
      return await connect(connection())
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'neo4j-unavailable')) throw error
      log.warn(`the server is not asked for schema and counts: ${error.message}`)
      return undefined
    }
  }
  const javaSearch = () => ({ javaHome, path })
  const installation: Services['installation'] = async (wanted = 'lts') => {
    if (neo4jHome !== undefined) return openInstallation(neo4jHome, javaSearch())
    return installNeo4j({ version: neo4jVersion ?? wanted, cacheDir, java: javaSearch(), signal, onProgress: progress })
  }

  const staging: Services['staging'] = async (manifest) => installation(manifest.server?.version ?? likelyVersion(manifest))

  const newRepositoryIn: Services['newRepositoryIn'] = async (directory) => {
    await initRepository(directoryStorage(directory), { clock })
    return openRepository(directoryStorage(directory), { clock })
  }

  const repositoryServices = { storage, repositoryKey: key, repository, newRepositoryIn }
  return { clock, log, ...repositoryServices, connection, graphIfAnswering, javaSearch, installation, staging }
}

/** The version to check a backup on whose server was not asked: the newest of its line, which opens what older ones of it wrote. */
function likelyVersion({ databases }: Manifest): string {
  const names = databases.map(({ kernelVersion }) => kernelVersions[Number(kernelVersion)]?.name)
  return names.every((name) => name?.startsWith('V5_')) ? 'lts' : 'latest'
}

function keySource(key: RepositoryKey | undefined): KeySource | undefined {
  if (key === undefined) return undefined
  return 'passphrase' in key ? { passphrase: key.passphrase.reveal() } : key
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
