import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/core/clock.ts'

interface Sleeper {
  until: number
  wake: () => void
}

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  #time: number
  readonly #sleepers = new Set<Sleeper>()

  constructor(start = new Date('2026-01-01T00:00:00Z')) {
    this.#time = start.getTime()
  }

  now(): Date {
    return new Date(this.#time)
  }

  monotonic(): number {
    return this.#time
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sleeper = { until: this.#time + milliseconds, wake: resolve }
    this.#sleepers.add(sleeper)
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    try {
      await promise
    } finally {
      this.#sleepers.delete(sleeper)
    }
  }

  /** Time passes at once: nobody wakes before it is over, as in a process that was stopped. */
  jump(milliseconds: number): void {
    this.#time += milliseconds
  }

  /** The same until a moment, in milliseconds since 1970; a moment that is over is gone back to. */
  jumpTo(time: number): void {
    this.#time = time
  }

  /** Time passes step by step: each sleeper wakes at its moment, and what it does then happens before time goes on. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#time + milliseconds
    for (;;) {
      await settle()
      const next = [...this.#sleepers].toSorted((a, b) => a.until - b.until)[0]
      if (!next || next.until > end) break
      this.#time = Math.max(this.#time, next.until)
      next.wake()
    }
    this.#time = end
    await settle()
  }
}

/** A clock of before the first transaction of a synthetic log, which goes on by a second whenever it is read: ids made of it are in order. */
export class TickingClock extends ManualClock {
  constructor() {
    super(new Date('2025-12-01T00:00:00Z'))
  }

  override now(): Date {
    this.jump(1000)
    return super.now()
  }
}

/** Lets everything run that waits for memory only. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn()
}
