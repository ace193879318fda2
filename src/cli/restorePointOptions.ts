import { HoldfastError } from '../core/errors.ts'
import type { RestorePoint } from '../recovery/restorePoint.ts'
import { toggle, valued } from './command.ts'
import { momentOption } from './moments.ts'
import { transactionIdOption } from './transactionIdOption.ts'

/** The options that say up to where to restore; at most one of them. */
export const restorePointOptions = {
  latest: toggle(
    'up to the last archived transaction; this is what is done where nothing else is said; refused where the database went on in several histories and none is named',
  ),
  toTime: valued(momentOption, {
    placeholder: 'time',
    example: '2026-11-22T10:15:00Z',
    description:
      'all that was committed up to this moment, to the millisecond and with its time zone; stops before the first transaction that was committed later, and warns where later ones were committed in time and are left out; refused where the archive does not prove that nothing is missing, as at its end',
  }),
  toTx: valued(transactionIdOption, {
    placeholder: 'id',
    example: '48213',
    description: 'all transactions up to and with this one',
  }),
  beforeTx: valued(transactionIdOption, { placeholder: 'id', example: '48213', description: 'all transactions before this one' }),
}

/**
 * The point that the options name, undefined where none was given.
 * @throws HoldfastError `usage` for more than one, or a moment that has not come yet.
 */
export function restorePointOf(
  {
    latest,
    toTime,
    toTx,
    beforeTx,
  }: { latest: boolean; toTime?: number | undefined; toTx?: number | undefined; beforeTx?: number | undefined },
  now: Date,
): RestorePoint | undefined {
  const points: RestorePoint[] = [
    ...(latest ? [{ kind: 'latest' } as const] : []),
    ...(toTime === undefined ? [] : [{ kind: 'time', time: new Date(toTime) } as const]),
    ...(toTx === undefined ? [] : [{ kind: 'transaction', id: toTx } as const]),
    ...(beforeTx === undefined ? [] : [{ kind: 'transaction', id: beforeTx - 1 } as const]),
  ]
  if (points.length > 1)
    throw new HoldfastError('usage', 'give only one of --latest, --to-time, --to-tx and --before-tx', {
      hint: 'leave the others out',
    })
  if (toTime !== undefined && toTime > now.getTime()) {
    throw new HoldfastError('usage', `--to-time ${new Date(toTime).toISOString()} has not come yet: it is ${now.toISOString()}`, {
      hint: 'for all that is archived give --latest',
    })
  }
  return points[0]
}
