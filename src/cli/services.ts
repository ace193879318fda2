import type { Settings } from '../config/resolve.ts'
import type { Clock } from '../core/clock.ts'
import type { KeySource } from '../repository/keys.ts'
import type { Repository } from '../repository/repository.ts'
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
  /** What was given to unlock the repository. @throws HoldfastError `usage` where a file cannot be read. */
  repositoryKey(): KeySource | undefined
  /** The opened repository. @throws HoldfastError `repository` where there is none or the key does not fit. */
  repository(): Promise<Repository>
}

/** What `app.ts` is handed to build the services of one command. */
export interface Surroundings {
  settings: Settings
  log: Logger
}
