import { setTimeout as delay } from 'node:timers/promises'

/** The last millisecond that a Date can hold. */
export const latestTime = 8.64e15

/** Time as the program sees it, so that tests can hand in their own. */
export interface Clock {
  now(): Date
  /** Milliseconds that only ever grow, for measuring durations. */
  monotonic(): number
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    await delay(milliseconds, undefined, signal ? { signal } : {})
  },
}
