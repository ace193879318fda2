import { z } from 'zod'

const zone = /(?:Z|[+-]\d{2}:?\d{2})$/i
const moment = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,3})?)?(?:Z|[+-]\d{2}:?\d{2})$/i

/**
 * A moment as it is typed: ISO 8601, to the millisecond as Neo4j's log has it, and with a zone, which nobody should have to guess.
 * In milliseconds since 1970.
 */
export const momentOption = z.string().transform((text, context) => {
  const problem = zone.test(text)
    ? 'expected a moment such as 2026-11-22T10:15:00Z'
    : 'expected a time zone at the end, Z for UTC or an offset such as +01:00'
  const parts = moment.exec(text)
  const time = parts ? Date.parse(text) : Number.NaN
  if (parts && !Number.isNaN(time) && isDay(Number(parts[1]), Number(parts[2]), Number(parts[3]))) return time
  context.addIssue({ code: 'custom', message: problem })
  return z.NEVER
})

/** Date.parse takes the 30th of February for a day in March. */
function isDay(year: number, month: number, day: number): boolean {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
}
