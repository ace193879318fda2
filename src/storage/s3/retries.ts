import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { statusOf } from './failures.ts'

type RetryStrategy = Exclude<NonNullable<S3ClientConfig['retryStrategy']>, { mode?: string }>
type Token = Awaited<ReturnType<RetryStrategy['acquireInitialRetryToken']>>

/** Milliseconds before the second attempt; the pauses double up to the longest. */
const firstPause = { TRANSIENT: 100, THROTTLING: 500 } as const
const longestPause = 20_000
const quietTime = 30_000
/** After about a second. */
const toldAttempt = 4
/** Attempts of a request that is refused while the SDK sets its idea of the server's clock right; the second has it right. */
const skewedAttempts = 2

/**
 * Tries a request again that met a broken connection, a server error or too many requests, with growing pauses that differ by chance.
 * The SDK's own strategy gives up sooner the more requests fail at once, but a backup of hours has to outlast the restart of a server.
 */
export function patientRetries(attempts: number, onTrouble: (error: Error) => void = () => {}): RetryStrategy {
  let told = Number.NEGATIVE_INFINITY
  const tell = (error: unknown): void => {
    if (!(error instanceof Error) || performance.now() - told < quietTime) return
    told = performance.now()
    onTrouble(error)
  }
  return {
    acquireInitialRetryToken: async () => token(0, 0),
    refreshRetryTokenForRetry: async (before, { errorType, error }) => {
      const tried = before.getRetryCount() + 1
      const isPassing = errorType === 'TRANSIENT' || errorType === 'THROTTLING'
      const most = errorType === 'TRANSIENT' && isVerdict(error) ? skewedAttempts : attempts
      if (!isPassing || tried >= most) throw error instanceof Error ? error : new Error('not to be tried again')
      // What passes at once is not worth a word.
      if (tried === toldAttempt) tell(error)
      const longest = Math.min(firstPause[errorType] * 2 ** before.getRetryCount(), longestPause)
      return token(tried, longest * (0.5 + Math.random() / 2))
    },
    recordSuccess: () => {},
  }
}

/** Where the clocks differ by minutes, the SDK takes every answer that is an error for a matter of the clock, and would try it again. */
function isVerdict(error: unknown): boolean {
  const status = statusOf(error) ?? 0
  return status >= 400 && status < 500 && status !== 408 && status !== 429 && !isTimeout(error)
}

/** S3 tells with status 400 that a body did not come in time. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('RequestTimeout')
}

function token(count: number, pause: number): Token {
  return { getRetryCount: () => count, getRetryDelay: () => pause }
}
