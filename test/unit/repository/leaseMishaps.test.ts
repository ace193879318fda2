import { beforeEach, describe, expect, test } from 'vitest'
import { acquireLease, type Lease, leaseTimes } from '../../../src/repository/lease.ts'
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

const acquire = async (by: ManualClock, host: string): Promise<Lease> =>
  acquireLease(storage, 'packs', { command: 'backup create', clock: by, process: { host, pid: 7 } })

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
