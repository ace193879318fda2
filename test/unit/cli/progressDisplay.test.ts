import { expect, test } from 'vitest'
import { createProgressDisplay } from '../../../src/cli/progressDisplay.ts'
import type { Clock } from '../../../src/core/clock.ts'
import { systemClock } from '../../../src/core/clock.ts'

function display(isTTY: boolean) {
  let milliseconds = 0
  let shown = ''
  const clock: Clock = { ...systemClock, monotonic: () => milliseconds }
  const { listener, close } = createProgressDisplay({ write: (text) => (shown += text), isTTY, columns: 60 }, clock)
  return {
    at(moment: number, phase: string, done?: number, total?: number, unit?: string) {
      milliseconds = moment
      listener({
        phase,
        ...(done === undefined ? {} : { done }),
        ...(total === undefined ? {} : { total }),
        ...(unit === undefined ? {} : { unit }),
      })
    },
    close,
    shown: () => shown,
  }
}

test('elsewhere than on a terminal it is a line for each phase and every five seconds', () => {
  const { at, close, shown } = display(false)
  at(0, 'connect')
  at(10, 'copy', 0, 1_000_000)
  at(2000, 'copy', 200_000, 1_000_000)
  at(5010, 'copy', 500_000, 1_000_000)
  at(6000, 'copy', 600_000, 1_000_000)
  at(6100, 'log', 42)
  at(6200, 'load', 0, 30_000, 'entities')
  at(12_200, 'load', 15_000, 30_000, 'entities')
  close()
  expect(shown().split('\n')).toEqual([
    'connect',
    'copy  0 %  0 B of 1.00 MB',
    'copy  50 %  500 kB of 1.00 MB  100 kB/s',
    'log  42 B',
    'load  0 %  0 of 30000 entities',
    'load  50 %  15000 of 30000 entities  2500 entities/s',
    '',
  ])
})

test('on a terminal it is one line that is redrawn at most ten times a second, fits, and is gone at the end', () => {
  const { at, close, shown } = display(true)
  for (let moment = 0; moment <= 1000; moment += 10) at(moment, 'copy neo4j', moment * 1000, 1_000_000)
  close()
  const draws = shown().split('\r\u001B[K').slice(1)
  expect(draws.length).toBeLessThanOrEqual(13)
  expect(draws[5]).toMatch(/^█{10}░{10} copy neo4j {2}50 % {2}500 kB of 1\.00 MB$/)
  for (const draw of draws) expect(draw.length).toBeLessThan(60)
  expect(draws.at(-1)).toBe('')
  expect(shown()).not.toContain('\n')
})
