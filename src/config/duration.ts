import { z } from 'zod'

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** A duration as it is typed, such as `30s`, `5m`, `2h`; in milliseconds. */
export const duration = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h|d)$/.exec(text)
  if (match) return Math.round(Number(match[1]) * units[match[2]!]!)
  context.addIssue({ code: 'custom', message: 'expected a time with its unit such as 30s, 5m or 2h' })
  return z.NEVER
})
