import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { acquireLease, type Lease, leaseTimes } from '../../../src/repository/lease.ts'
import { leaseName } from '../../../src/repository/names.ts'
import { isDead, ownIdentity, type ProcessIdentity } from '../../../src/core/processIdentity.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { failure } from '../../support/streams.ts'

const here: ProcessIdentity = { host: 'here.example', pid: 7 }
const elsewhere: ProcessIdentity = { host: 'other.example', boot: 'b', pidNamespace: 'pid:[1]', pid: 42, started: '100' }

describe('[lease.exclusive] a lease', () => {
  let storage: Storage
  let clock: ManualClock

  beforeEach(() => {
    storage = memoryStorage()
    clock = new ManualClock()
  })

  const acquire = async (
    options: { wait?: number; process?: ProcessIdentity; on?: Storage; by?: ManualClock; command?: string } = {},
  ) =>
    acquireLease(options.on ?? storage, 'packs', {
      command: 'backup create',
      clock: options.by ?? clock,
      process: here,
      ...options,
    })
  const generations = async () => (await Array.fromAsync(storage.list('leases/'))).map(({ name }) => Number(name.split('/')[2]))

  test('is held by one, and free again once it is released', async () => {
    const first = await acquire()
    expect(await failure(acquire({ process: elsewhere }))).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(
        /memory is in use: 'backup create' \(process \d+ on .+\) holds the lease 'packs' since 2026-01-01T00:00:00.000Z, until 2026-01-01T00:01:00.000Z/,
      ) as string,
      hint: expect.stringContaining('nothing needs to be unlocked') as string,
    })
    await first.release()
    await first.release()
    await using second = await acquire({ process: elsewhere })
    await second.assertHeld()
    expect(await failure(acquire())).toMatchObject({ message: expect.stringContaining('process 42 on other.example') as string })
  })

  test('is renewed for as long as it is held, and keeps few objects', async () => {
    await using lease = await acquire()
    for (let minutes = 0; minutes < 30; minutes++) {
      await clock.advance(60_000)
      expect(await failure(acquire({ process: elsewhere }))).toMatchObject({ code: 'refused' })
    }
    await lease.assertHeld()
    expect(lease.signal.aborted).toBe(false)
    expect((await generations()).length).toBeLessThan(12)
  })

  test('is taken over once its holder has not renewed it for its life and the allowance for skewed clocks', async () => {
    const stopped = await acquire({ process: elsewhere, by: new ManualClock() })
    await clock.advance(leaseTimes.life + leaseTimes.skew)
    expect(await failure(acquire())).toMatchObject({ code: 'refused' })
    await clock.advance(1)
    await using taker = await acquire()
    await taker.assertHeld()
    expect(await failure(stopped.assertHeld())).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('taken it over') as string,
    })
    expect(stopped.signal.aborted).toBe(true)
    expect(stopped.signal.reason).toMatchObject({ code: 'refused' })
    await stopped.release()
    await taker.assertHeld()
  })

  test('a holder that was stopped for hours, while others came and went, knows that it has lost it', async () => {
    const stoppedClock = new ManualClock()
    const stopped = await acquire({ process: elsewhere, by: stoppedClock })
    await clock.advance(leaseTimes.life + leaseTimes.skew + 1)
    for (let turns = 0; turns < 20; turns++) await (await acquire()).release()
    // Its next generation was used and cleaned away long ago, so the put alone would succeed.
    expect(await storage.stat(leaseName('packs', 2))).toBeUndefined()
    stoppedClock.jump(3 * 60 * 60 * 1000)
    await stoppedClock.advance(leaseTimes.renewal)
    expect(stopped.signal.aborted).toBe(true)
    expect(await storage.stat(leaseName('packs', 2))).toBeUndefined()
    await (await acquire()).release()
  })

  test('a contender that stood still since it saw no generation at all does not begin anew', async () => {
    let turns = 0
    const stalling: Storage = {
      ...storage,
      put: async (name, body, options) => {
        // Others come and go between its look and its put, until the first generation is cleaned away.
        if (turns === 0) for (; turns < 20; turns++) await (await acquire()).release()
        await storage.put(name, body, options)
      },
    }
    const holder = acquire({ on: stalling, process: elsewhere })
    await using lease = await holder
    await lease.assertHeld()
    expect(turns).toBe(20)
    expect(await storage.stat(leaseName('packs', 1))).toBeUndefined()
    expect(Math.min(...(await generations()))).toBeGreaterThan(20)
    expect(await failure(acquire())).toMatchObject({ code: 'refused' })
  })

  test('waits for another holder where it is told to', async () => {
    const first = await acquire()
    const waiting = acquire({ wait: 10 * 60_000 })
    await clock.advance(5 * 60_000)
    await first.release()
    await clock.advance(leaseTimes.poll)
    await (await waiting).release()

    await using _third = await acquire()
    const inVain = failure(acquire({ wait: 5000 }))
    await clock.advance(6000)
    expect(await inVain).toMatchObject({ code: 'refused' })
  })

  test('waiting stops with the reason of an aborted signal', async () => {
    await using _first = await acquire()
    const controller = new AbortController()
    const waiting = failure(
      acquireLease(storage, 'packs', { command: 'x', clock, process: here, wait: 60_000, signal: controller.signal }),
    )
    await clock.advance(1500)
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await waiting).toBe(reason)
  })

  test('of many contenders exactly one gets it, every time', async () => {
    let holders = 0
    let most = 0
    let turns = 0
    const contend = async (pid: number) => {
      for (let count = 0; count < 5; count++) {
        const lease = await acquireLease(storage, 'packs', {
          command: 'contend',
          clock: impatient,
          wait: 60_000,
          process: { ...elsewhere, pid },
        })
        holders += 1
        most = Math.max(most, holders)
        await lease.assertHeld()
        turns += 1
        holders -= 1
        await lease.release()
      }
    }
    // Real time for the pauses between tries only, shortened; nothing depends on how long they are.
    const impatient = {
      now: () => clock.now(),
      monotonic: () => 0,
      sleep: async (_: number, signal?: AbortSignal) => nextTurn(signal),
    }
    await Promise.all(Array.from({ length: 12 }, async (_, pid) => contend(pid)))
    expect({ most, turns }).toEqual({ most: 1, turns: 60 })
  })

  test('a contender that is slow between looking and taking never joins a holder', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const shared = memoryStorage()
        const slow: Storage = {
          ...shared,
          put: async (name, body, options) =>
            scheduler.schedule(Promise.resolve()).then(async () => shared.put(name, body, options)),
          stat: async (name) => scheduler.schedule(Promise.resolve()).then(async () => shared.stat(name)),
          delete: async (name) => scheduler.schedule(Promise.resolve()).then(async () => shared.delete(name)),
          async *list(prefix) {
            await scheduler.schedule(Promise.resolve())
            yield* shared.list(prefix)
          },
        }
        let holders = 0
        const still = new ManualClock()
        const contend = async (pid: number) => {
          for (let count = 0; count < 3; count++) {
            const lease = await acquireLease(slow, 'packs', {
              command: 'contend',
              clock: still,
              process: { ...elsewhere, pid },
            }).catch(() => undefined)
            if (!lease) continue
            holders += 1
            expect(holders).toBe(1)
            await lease.assertHeld()
            expect(holders).toBe(1)
            holders -= 1
            await lease.release()
          }
        }
        const all = Promise.all([1, 2, 3].map(contend))
        await scheduler.waitFor(all)
      }),
      { numRuns: 60 },
    )
  })

  test('is lost, and says so, when the storage does not answer until it has expired', async () => {
    let broken = false
    const flaky: Storage = {
      ...storage,
      put: async (name, body, options) => {
        if (broken) throw new Error('unreachable')
        await storage.put(name, body, options)
      },
    }
    await using lease = await acquire({ on: flaky })
    broken = true
    await clock.advance(leaseTimes.life - 1000)
    expect(lease.signal.aborted).toBe(false)
    broken = false
    await clock.advance(leaseTimes.retry + 1000)
    await lease.assertHeld()
    broken = true
    await clock.advance(leaseTimes.life + leaseTimes.retry)
    expect(lease.signal.reason).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('could not be renewed in time') as string,
    })
  })

  test('one whose newest object cannot be read counts as held until it is old, and then is taken over', async () => {
    const moment = new ManualClock(new Date())
    await storage.put(leaseName('packs', 7), Buffer.from('{"holdfast":"lease" damaged'))
    expect(await failure(acquire({ by: moment }))).toMatchObject({ message: expect.stringContaining('unreadable') as string })
    await moment.advance(leaseTimes.life + leaseTimes.skew + 5000)
    await (await acquire({ by: moment })).release()
  })

  test('of a dead process of this machine is taken over at once', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    await once(child, 'spawn')
    const own = await ownIdentity()
    const dead = { ...own, ...(await identityOf(child.pid!)) }
    const abandoned: Lease = await acquire({ process: dead, by: new ManualClock() })
    expect(await isDead(dead, own)).toBe(false)
    expect(await failure(acquire({ process: own }))).toMatchObject({ code: 'refused' })
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await failure(acquire())).toMatchObject({ code: 'refused' })
    await using taker = await acquire({ process: own })
    await taker.assertHeld()
    expect(await failure(abandoned.assertHeld())).toMatchObject({ code: 'refused' })
  })

  test.each([
    ['on another machine', { host: 'other' }],
    ['before another boot', { boot: 'other' }],
    ['in another container', { pidNamespace: 'pid:[1]' }],
    ['on a system that does not tell', { boot: undefined }],
    ['whose start is not known', { started: undefined }],
  ])('a process %s is never taken for dead', async (_, difference) => {
    const own = await ownIdentity()
    const dead = { ...own, pid: 2 ** 22 + 1, started: '1' }
    expect(await isDead(dead, own)).toBe(true)
    expect(await isDead({ ...dead, ...difference }, own)).toBe(false)
  })

  test('a process id that is used again is not taken for the holder', async () => {
    const own = await ownIdentity()
    expect(await isDead(own, own)).toBe(false)
    expect(await isDead({ ...own, started: '1' }, own)).toBe(true)
  })
})

async function nextTurn(signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
  signal?.throwIfAborted()
}

async function identityOf(pid: number): Promise<{ pid: number; started: string }> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  return { pid, started: text.slice(text.lastIndexOf(')') + 2).split(' ')[19]! }
}
