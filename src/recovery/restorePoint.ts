/** Up to where a database is restored. */
export type RestorePoint =
  | { kind: 'latest' }
  /** All transactions before the first one that was committed after this moment. */
  | { kind: 'time'; time: Date }
  /** All up to and with this transaction. */
  | { kind: 'transaction'; id: number }

/** A restore point in words, as plans and errors give it. */
export function describePoint(point: RestorePoint): string {
  if (point.kind === 'latest') return 'the last archived transaction'
  return point.kind === 'time' ? `${point.time.toISOString()}` : `transaction ${point.id}`
}
