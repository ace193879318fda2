import { expect, test } from 'vitest'
import { throttleTo } from '../../../src/backup/throttle.ts'
import { ManualClock } from '../../support/manualClock.ts'

/** Hands blocks on as fast as a throttle lets them pass. */
function handOn(clock: ManualClock, { rate, block }: { rate: number; block: number }): { bytes: number; stop: AbortController } {
  const handed = { bytes: 0, stop: new AbortController() }
  const throttle = throttleTo(rate, clock)
  const { signal } = handed.stop
  void (async () => {
    while (!signal.aborted) {
      await throttle(block, signal)
      handed.bytes += block
    }
  })().catch(() => {})
  return handed
}

test.each([
  { rate: 1000, block: 10 },
  { rate: 1000, block: 1000 },
  { rate: 1000, block: 2500 },
  { rate: 1_024_000, block: 4096 },
])('what is handed on keeps to the rate, neither faster nor slower: %o', async ({ rate, block }) => {
  const clock = new ManualClock()
  const handed = handOn(clock, { rate, block })
  for (let second = 1; second <= 10; second++) {
    await clock.advance(1000)
    expect(handed.bytes).toBeLessThanOrEqual(second * rate)
    expect(handed.bytes).toBeGreaterThan(second * rate - block)
  }
  handed.stop.abort()
})

test('a pause is made up for by a quarter of a second at most', async () => {
  const clock = new ManualClock()
  const throttle = throttleTo(1000, clock)
  await clock.advance(60_000)
  let passed = 0
  const sent = (async () => {
    for (; passed < 1000; passed += 10) await throttle(10)
  })()
  await clock.advance(500)
  expect(passed).toBe(750)
  await clock.advance(250)
  await sent
  expect(passed).toBe(1000)
})

test('who waits for his turn is told of the end at once', async () => {
  const stop = new AbortController()
  const waiting = throttleTo(1, new ManualClock())(1000, stop.signal)
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})
