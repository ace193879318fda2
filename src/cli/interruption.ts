import { HoldfastError } from '../core/errors.ts'

/** What signals arrive at: the process, or a test's stand-in. */
export interface SignalSource {
  on(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

/**
 * Turns the first SIGINT or SIGTERM into an abort, so that the work can stop in order; a second one calls `stopAtOnce`.
 * @param tell - is handed a line for the user when the first arrives
 */
export function interruptionOf(source: SignalSource, tell: (line: string) => void, stopAtOnce: () => void): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    source.on(name, () => {
      if (controller.signal.aborted) return stopAtOnce()
      tell(`stopping after ${name}; a second signal stops at once`)
      controller.abort(new HoldfastError('interrupted', `interrupted by ${name}`))
    })
  }
  return controller.signal
}
