import type { Settings } from '../config/resolve.ts'
import type { Clock } from '../core/clock.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { Logger } from './logger.ts'

/**
 * What a command may use, built by `app.ts` from the settings. Whatever costs something to open is a function,
 * so that a command opens only what it needs.
 */
export interface Services {
  readonly clock: Clock
  readonly log: Logger
}

/** What `app.ts` is handed to build the services of one command. */
export interface Surroundings {
  settings: Settings
  log: Logger
  progress: ProgressListener
  signal: AbortSignal
}
