import type { Clock } from '../core/clock.ts'

/** Waits as long as needed to keep to a rate. */
export type Throttle = (bytes: number, signal?: AbortSignal) => Promise<void>

/** No limit at all. */
export const unlimited: Throttle = async () => {}

/** Keeps the average to at most `bytesPerSecond`; what was not used for a while is not saved up beyond a quarter of a second. */
export function throttleTo(bytesPerSecond: number, clock: Clock): Throttle {
  let free = clock.monotonic()
  return async (bytes, signal) => {
    const now = clock.monotonic()
    free = Math.max(free, now - 250) + (bytes / bytesPerSecond) * 1000
    if (free > now) await clock.sleep(free - now, signal)
  }
}
