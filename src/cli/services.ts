import type { Settings } from '../config/resolve.ts'
import type { Clock } from '../core/clock.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { LogSource } from '../history/logSource.ts'
import type { Connection, Graph } from '../neo4j/graph.ts'
import type { Installation } from '../neo4j/installation.ts'
import type { Staging } from '../recovery/staging.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { KeySource } from '../repository/keys.ts'
import type { Repository } from '../repository/repository.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import type { S3Encryption } from '../storage/s3/options.ts'
import type { Storage } from '../storage/storage.ts'
import type { Logger } from './logger.ts'

/**
 * What a command may use, built by `app.ts` from the settings. Whatever costs something to open, or needs a setting
 * that not every command has, is a function, so that a command opens only what it needs.
 */
export interface Services {
  readonly clock: Clock
  readonly log: Logger
  /** Where the repository lives. @throws HoldfastError `usage` where the setting is missing. */
  storage(): Storage
  /** Requests sent to buckets so far, by operation; empty where there are none. */
  requestCounts(): Readonly<Record<string, number>>
  /**
   * A bucket, for single objects; nothing is sent yet. `encryption` is asked for where the settings say nothing of it.
   * @throws HoldfastError `usage` where the settings contradict each other.
   */
  bucket(name: string, options?: { encryption?: S3Encryption }): Promise<Bucket>
  /** What was given to unlock the repository. @throws HoldfastError `usage` where a file cannot be read. */
  repositoryKey(): KeySource | undefined
  /** The opened repository. @throws HoldfastError `repository` where there is none or the key does not fit. */
  repository(): Promise<Repository>
  /** A new unencrypted repository in a directory. */
  newRepositoryIn(directory: string): Promise<Repository>
  /** How to reach the server. @throws HoldfastError `usage` where the password file cannot be read. */
  connection(): Connection
  /** The server, connected, where it answers; otherwise undefined, with a line in the log that says why, and the caller told. */
  graphIfAnswering(onSilence?: (error: unknown) => void): Promise<Graph | undefined>
  /**
   * The log of the database in the data directory.
   * @throws HoldfastError `usage` where the setting is missing, `neo4j-unavailable` where there is no such database.
   */
  logSource(): Promise<LogSource>
  /**
   * The Neo4j to run: the installation of `neo4jHome`, else the version that the settings name, else `wanted`, else the long-term one;
   * installed first where it is not there yet. Where `wanted` is firm, only a flag outranks it.
   * @throws HoldfastError `neo4j-unavailable` where it cannot be had, `refused` for a version that is not known to work.
   */
  installation(wanted?: string, options?: { firm?: boolean }): Promise<Installation>
  /**
   * Makes sure, before anything is written, that the settings do not name a Neo4j that a backup cannot be checked on.
   * @throws HoldfastError `refused` where they do.
   */
  requireFittingVersion(manifest: Manifest): void
  /** The Neo4j that a restored backup is checked on. */
  staging: Staging
}

/** What `app.ts` is handed to build the services of one command. */
export interface Surroundings {
  settings: Settings
  log: Logger
  progress: ProgressListener
  signal: AbortSignal
}
