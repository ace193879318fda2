import type { Bucket } from './bucket.ts'

/** The time by the clock of the server, once an answer has shown that it is another than this machine's. @param now by this machine's */
export function byServerClock({ client }: Pick<Bucket, 'client'>, now: Date): Date {
  return new Date(now.getTime() + client.config.systemClockOffset)
}
