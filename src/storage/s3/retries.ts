import type { S3ClientConfig } from '@aws-sdk/client-s3'

type RetryStrategy = Exclude<NonNullable<S3ClientConfig['retryStrategy']>, { mode?: string }>
type Token = Awaited<ReturnType<RetryStrategy['acquireInitialRetryToken']>>

/** Milliseconds before the second attempt; the pauses double up to the longest. */
const firstPause = { TRANSIENT: 100, THROTTLING: 500 } as const
const longestPause = 20_000
const quietTime = 30_000
/** After about a second. */
const toldAttempt = 4

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
      if (!isPassing || tried >= attempts) throw error instanceof Error ? error : new Error('not to be tried again')
      // What passes at once is not worth a word.
      if (tried === toldAttempt) tell(error)
      const longest = Math.min(firstPause[errorType] * 2 ** before.getRetryCount(), longestPause)
      return token(tried, longest * (0.5 + Math.random() / 2))
    },
    recordSuccess: () => {},
  }
}

function token(count: number, pause: number): Token {
  return { getRetryCount: () => count, getRetryDelay: () => pause }
}
