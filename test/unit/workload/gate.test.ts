import type { Driver } from 'neo4j-driver'
import { expect, test } from 'vitest'
import { Gate } from '../../support/workload/gate.ts'

const [first, second] = [{ name: 'first' }, { name: 'second' }] as unknown as [Driver, Driver]
const never = new AbortController().signal

test('an open gate lets clients in, a closed one when it opens', async () => {
  const gate = new Gate()
  const waiting = gate.enter(never)
  gate.open(first)
  expect(await waiting).toBe(first)
  expect(await gate.enter(never)).toBe(first)
})

test('closing waits for those inside', async () => {
  const gate = new Gate()
  gate.open(first)
  await gate.enter(never)
  await gate.enter(never)
  let closed = false
  const closing = gate.close().then(() => (closed = true))
  gate.leave()
  await Promise.resolve()
  expect(closed).toBe(false)
  gate.leave()
  await closing
  expect(closed).toBe(true)
})

test('a server that was lost is not entered again, its successor is, however late the loss is told', async () => {
  const gate = new Gate()
  gate.open(first)
  gate.lost(first)
  const waiting = gate.enter(never)
  gate.open(second)
  expect(await waiting).toBe(second)
  gate.lost(first)
  expect(await gate.enter(never)).toBe(second)
})

test('waiting ends with the signal', async () => {
  const stop = new AbortController()
  const waiting = new Gate().enter(stop.signal)
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})
