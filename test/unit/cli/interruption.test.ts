import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { interruptionOf } from '../../../src/cli/interruption.ts'

test.each(['SIGINT', 'SIGTERM'])('the first %s aborts, a second signal stops at once', (name) => {
  const source = new EventEmitter()
  const told: string[] = []
  let stops = 0
  const signal = interruptionOf(
    source,
    (line) => told.push(line),
    () => (stops += 1),
  )
  expect(signal.aborted).toBe(false)

  source.emit(name)
  expect(signal.reason).toMatchObject({ code: 'interrupted', message: `interrupted by ${name}` })
  expect(told).toEqual([`stopping after ${name}; a second signal stops at once`])
  expect(stops).toBe(0)

  source.emit('SIGINT')
  expect(stops).toBe(1)
  expect(told).toHaveLength(1)
})
