import { beforeEach, describe, expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { acquireLease, type Lease, leaseTimes } from '../../../src/repository/lease.ts'
import { leaseName } from '../../../src/repository/names.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { failure } from '../../support/streams.ts'

let storage: Storage
let clock: ManualClock
beforeEach(() => {
  storage = memoryStorage()
  clock = new ManualClock()
})

const acquire = async (by: ManualClock, host: string, on = storage): Promise<Lease> =>
  acquireLease(on, 'packs', { command: 'backup create', clock: by, process: { host, pid: 7 } })

describe('[lease.exclusive] a lease that a clock which was ahead has given years', () => {
  const years = 4 * 365 * 86_400_000
  let ahead: ManualClock
  beforeEach(() => {
    ahead = new ManualClock(new Date(clock.now().getTime() + years))
  })

  test('is taken over once nobody renews it', async () => {
    await acquire(ahead, 'other.example')
    const next = acquire(clock, 'here.example')
    await clock.advance(leaseTimes.life)
    await clock.advance(leaseTimes.skew + 2 * leaseTimes.poll)
    await using taken = await next
    await expect(taken.assertHeld()).resolves.toBeUndefined()
  })

  test('is held while its holder renews it', async () => {
    await using _held = await acquire(ahead, 'other.example')
    const next = failure(acquire(clock, 'here.example'))
    for (let seconds = 0; seconds < 120; seconds++) {
      await ahead.advance(1000)
      await clock.advance(1000)
    }
    expect(await next).toMatchObject({ code: 'refused', message: expect.stringContaining('other.example') as string })
  })
})

test('[lease.exclusive] a lease that is listed, and of which the storage then says that it is not there, is not asked for without an end', async () => {
  await using _held = await acquire(clock, 'other.example')
  let asked = 0
  const forgetful: Storage = {
    ...storage,
    stat: async () => {
      asked += 1
      return Promise.resolve(undefined)
    },
  }
  const inVain = failure(
    acquireLease(forgetful, 'packs', {
      command: 'backup create',
      clock,
      process: { host: 'here.example', pid: 8 },
      wait: 3_600_000,
    }),
  )
  await clock.advance(10_000)
  expect(await inVain).toMatchObject({
    code: 'integrity',
    message: expect.stringContaining('is listed in memory, but') as string,
  })
  expect(asked).toBe(6)
})

describe.each(['put', 'stat'] as const)('[lease.exclusive] a renewal that is stored, and whose %s has no answer', (lost) => {
  let isLost: boolean
  let holding: ManualClock
  let held: Lease
  beforeEach(async () => {
    isLost = false
    holding = new ManualClock()
    const answer = (request: typeof lost): void => {
      if (!isLost || request !== lost) return
      isLost = false
      throw new HoldfastError('repository', 'no answer')
    }
    const deaf: Storage = {
      ...storage,
      put: async (...put) => {
        await storage.put(...put)
        answer('put')
      },
      stat: async (name) => {
        answer('stat')
        return storage.stat(name)
      },
    }
    held = await acquire(holding, 'other.example', deaf)
    isLost = true
    await holding.advance(leaseTimes.renewal)
    if (isLost) throw new Error('nothing was renewed')
  })

  test('is no other process, and the lease is held for a whole life from the next one on', async () => {
    await holding.advance(leaseTimes.retry)
    expect(held.signal.aborted).toBe(false)
    await clock.advance(leaseTimes.renewal + leaseTimes.retry + leaseTimes.life)
    expect(await failure(acquire(clock, 'here.example'))).toMatchObject({ code: 'refused' })
    await expect(held.assertHeld()).resolves.toBeUndefined()
  })

  test('keeps nobody from the lease once it is released', async () => {
    expect(await held.release()).toBe(true)
    await (await acquire(clock, 'here.example')).release()
  })

  test('is no proof that the lease is still held', async () => {
    await clock.advance(leaseTimes.renewal + leaseTimes.life + leaseTimes.skew + 1)
    await using taken = await acquire(clock, 'here.example')
    expect(await failure(held.assertHeld())).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('another process has taken it over') as string,
    })
    await taken.assertHeld()
  })

  test('is none either where others came and went since', async () => {
    await clock.advance(leaseTimes.renewal + leaseTimes.life + leaseTimes.skew + 1)
    for (let turns = 0; turns < 20; turns++) await (await acquire(clock, 'here.example')).release()
    expect(await storage.stat(leaseName('packs', 2))).toBeUndefined()
    expect(await failure(held.assertHeld())).toMatchObject({ code: 'refused' })
    await (await acquire(clock, 'here.example')).release()
  })
})
