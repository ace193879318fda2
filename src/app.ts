import type { Services, Surroundings } from './cli/services.ts'
import { neo4jPassword, type RepositoryKey, repositoryKey } from './config/credentials.ts'
import { mavenEnvironment, processEnvironment } from './config/environment.ts'
import { required, type Settings } from './config/resolve.ts'
import { s3Settings } from './config/s3.ts'
import { systemClock } from './core/clock.ts'
import { HoldfastError } from './core/errors.ts'
import { isS3Uri, parseS3Uri, s3Uri } from './core/s3Uri.ts'
import { isOlder, resolveVersion } from './neo4j/versions.ts'
import type { KeySource } from './repository/keys.ts'
import { directoryStorage } from './storage/directory.ts'
import { lazyStorage } from './storage/lazy.ts'
import type { Bucket } from './storage/s3/bucket.ts'
import type { RequestCounts } from './storage/s3/options.ts'
import type { Storage } from './storage/storage.ts'

/**
 * Builds what a command may use from the settings: the one place where the parts of the program are put together.
 * A part is loaded when a command asks for it: loading all of them takes longer than most commands.
 */
export function buildServices({ settings, log, progress, signal }: Surroundings): Services {
  const clock = systemClock
  const { database, uri, user, javaHome, path, neo4jHome, neo4jVersion, cacheDir } = settings.values

  const warn = (message: string): void => log.warn(message)

  const onTrouble = (reason: string): void => warn(`the S3 server gives trouble, it is tried again for about a minute: ${reason}`)
  let opened: Storage | undefined
  const storage = (): Storage => (opened ??= repositoryStorage(settings, onTrouble))
  const buckets: Bucket[] = []
  const requestCounts = () => sumOf([opened?.requestCounts?.() ?? {}, ...buckets.map(({ requests }) => requests)])
  const bucket: Services['bucket'] = async (name, { encryption } = {}) => {
    const options = { ...s3Settings(settings), onTrouble }
    const isUnsaid = settings.values.sse === undefined && !settings.values.useSseKms
    const { openBucket } = await import('./storage/s3/bucket.ts')
    const reached = openBucket(name, isUnsaid ? { ...options, encryption } : options)
    buckets.push(reached)
    return reached
  }
  const key = once(() => keySource(repositoryKey(settings, warn)))
  const repository = once(async () => {
    const { openRepository } = await import('./repository/repository.ts')
    return openRepository(storage(), { key: key(), clock, signal })
  })

  const connection = once(() => ({ uri, user, password: neo4jPassword(settings, warn) }))
  const graphIfAnswering: Services['graphIfAnswering'] = async (onSilence = () => {}) => {
    const { connect } = await import('./neo4j/graph.ts')
    const reached = connection()
    try {
      return await connect(reached)
    } catch (error) {
      // Whatever is the matter with the server or the way to it, a backup needs only files.
      signal.throwIfAborted()
      log.warn(
        `the server is not asked for version, schema and counts: ${error instanceof Error ? error.message : String(error)}`,
      )
      onSilence(error)
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
  const installation: Services['installation'] = async (wanted = 'lts', { firm = false } = {}) => {
    if (neo4jHome !== undefined) {
      const { openInstallation } = await import('./neo4j/installation.ts')
      return openInstallation(neo4jHome, javaSearch())
    }
    const { installNeo4j } = await import('./neo4j/install.ts')
    const isOutranked = firm && settings.sources.neo4jVersion?.kind !== 'flag'
    const place = { version: isOutranked ? wanted : (neo4jVersion ?? wanted), cacheDir, java: javaSearch() }
    const maven = mavenEnvironment({ ...processEnvironment(), ...(path === undefined ? {} : { PATH: path }) })
    return installNeo4j({ ...place, mavenEnvironment: maven, signal, onProgress: progress })
  }

  const requireFittingVersion: Services['requireFittingVersion'] = ({ id, server }) => {
    if (neo4jHome !== undefined || neo4jVersion === undefined || server === undefined) return
    requireNotOlder(id, server.version, resolveVersion(neo4jVersion))
    if (resolveVersion(neo4jVersion) !== server.version && settings.sources.neo4jVersion?.kind !== 'flag')
      throw otherVersion(id, server.version, resolveVersion(neo4jVersion))
  }

  const staging: Services['staging'] = async (manifest) => {
    const { likelyVersion } = await import('./recovery/likelyVersion.ts')
    const { version } = manifest.server ?? {}
    if (version === undefined && neo4jVersion === undefined && neo4jHome === undefined)
      log.warn(
        `backup ${manifest.id} does not tell the version of its server: it is checked on Neo4j ${likelyVersion(manifest)}, as its logs suggest`,
      )
    const found = await installation(version ?? likelyVersion(manifest))
    if (version !== undefined && found.version !== version && settings.sources.neo4jVersion?.kind !== 'flag')
      throw otherVersion(manifest.id, version, found.version)
    if (version !== undefined) requireNotOlder(manifest.id, version, found.version)
    return found
  }

  const newRepositoryIn: Services['newRepositoryIn'] = async (directory) => {
    const { initRepository, openRepository } = await import('./repository/repository.ts')
    await initRepository(directoryStorage(directory), { clock })
    return openRepository(directoryStorage(directory), { clock })
  }

  const repositoryServices = { storage, requestCounts, bucket, repositoryKey: key, repository, newRepositoryIn }
  return {
    clock,
    log,
    ...repositoryServices,
    connection,
    graphIfAnswering,
    logSource,
    installation,
    requireFittingVersion,
    staging,
  }
}

/** Requests of several buckets, by operation. */
function sumOf(counts: readonly Readonly<RequestCounts>[]): RequestCounts {
  const sum: RequestCounts = {}
  for (const [operation, count] of counts.flatMap((some) => Object.entries(some))) sum[operation] = (sum[operation] ?? 0) + count
  return sum
}

/** A directory or a bucket. */
function repositoryStorage(settings: Settings, onTrouble: (reason: string) => void): Storage {
  const place = required(settings, 'repo')
  if (!isS3Uri(place)) return directoryStorage(place)
  const options = { ...s3Settings(settings), onTrouble }
  const { bucket, prefix } = parseS3Uri(place)
  return lazyStorage(s3Uri({ bucket, prefix }), options.lock !== undefined, async () => {
    const { s3Storage } = await import('./storage/s3/s3Storage.ts')
    return s3Storage({ bucket, prefix }, options)
  })
}

/** An older Neo4j cannot open what a newer one wrote. */
function requireNotOlder(backup: string, expected: string, found: string): void {
  if (!isOlder(found, expected)) return
  throw new HoldfastError(
    'refused',
    `backup ${backup} is of Neo4j ${expected}, and cannot be checked on ${found}, which is older`,
    {
      hint: `leave the version out, so that Neo4j ${expected} is installed for the check`,
    },
  )
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
