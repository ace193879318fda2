import { HoldfastError } from '../core/errors.ts'

/** How long Neo4j keeps its log; null where that limit is not set. */
export interface LogRetention {
  /** Bytes. */
  size: number | null
  /** Milliseconds. */
  time: number | null
}

const units: Record<string, number> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, hours: 3_600_000, days: 86_400_000 }

/**
 * Reads what `db.tx_log.rotation.retention_policy` says, such as `2 days 2G`. Limits by files, transactions or entries cannot be told in
 * bytes or time, and count as none.
 * @throws HoldfastError `usage`
 */
export function parseLogRetention(text: string): LogRetention {
  const words = text.trim().toLowerCase()
  if (['true', 'keep_all'].includes(words)) return { size: null, time: null }
  if (['false', 'keep_none'].includes(words)) return { size: 0, time: null }
  const match = /^(\d+)([kmg]?)\s+(files|size|txs|entries|hours|days)(?:\s+(\d+)([kmg]?))?$/.exec(words)
  if (!match) {
    throw new HoldfastError(
      'usage',
      `expected a retention of the transaction log such as '2 days 2G', found ${JSON.stringify(text)}`,
      {
        hint: 'give what db.tx_log.rotation.retention_policy says in neo4j.conf',
      },
    )
  }
  const [, amount, factor = '', unit = '', space, spaceFactor = ''] = match
  const value = Number(amount) * (units[factor] ?? 1)
  const size = space === undefined ? null : Number(space) * (units[spaceFactor] ?? 1)
  if (unit === 'size') return { size: Math.min(value, size ?? value), time: null }
  return { size, time: unit === 'hours' || unit === 'days' ? value * units[unit]! : null }
}
