import { expect, test } from 'vitest'
import { patientRetries } from '../../../src/storage/s3/retries.ts'
import { failure } from '../../support/streams.ts'

/** As the SDK makes them. */
const sdkError = (message: string) => Object.assign(new Error(message), { cause: new Error('network') })

test('pauses double up to twenty seconds and differ by chance', async () => {
  const strategy = patientRetries(12)
  let token = await strategy.acquireInitialRetryToken('')
  const pauses: number[] = []
  for (let attempt = 1; attempt < 12; attempt++) {
    token = await strategy.refreshRetryTokenForRetry(token, { errorType: 'TRANSIENT' })
    pauses.push(token.getRetryDelay())
  }
  for (const [index, pause] of pauses.entries()) {
    const longest = Math.min(100 * 2 ** index, 20_000)
    expect(pause).toBeGreaterThanOrEqual(longest / 2)
    expect(pause).toBeLessThanOrEqual(longest)
  }
  const last = sdkError('503')
  expect(await failure(strategy.refreshRetryTokenForRetry(token, { errorType: 'TRANSIENT', error: last }))).toBe(last)
})

test('what will not pass is not tried again', async () => {
  const strategy = patientRetries(12)
  const denied = sdkError('403')
  const token = await strategy.acquireInitialRetryToken('')
  expect(await failure(strategy.refreshRetryTokenForRetry(token, { errorType: 'CLIENT_ERROR', error: denied }))).toBe(denied)
})
