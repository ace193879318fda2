import type { Services, Surroundings } from './cli/services.ts'
import { systemClock } from './core/clock.ts'

/** Builds what a command may use from the settings: the one place where the parts of the program are put together. */
export function buildServices({ log }: Surroundings): Services {
  return { clock: systemClock, log }
}
