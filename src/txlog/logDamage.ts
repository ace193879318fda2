import { HoldfastError } from '../core/errors.ts'
import { unknownKernelVersion } from './kernelVersions.ts'
import type { LaterTransaction } from './laterTransaction.ts'
import type { TornEnd, UnsupportedEnd } from './logEnd.ts'

/**
 * The error for a log file named `file` that ends neither with a transaction nor in zeros, where that is not allowed: a whole transaction
 * follows later, or the file is not the newest.
 */
export function logDamage(file: string, end: TornEnd | UnsupportedEnd, later: LaterTransaction | undefined): HoldfastError {
  if (end.reason === 'unsupported' && !later) return unknownKernelVersion(end.kernelVersion, `${file} at offset ${end.end}`)
  const evidence = later
    ? `Transaction ${later.id} at offset ${later.offset} is whole, so this is no transaction that was cut off.`
    : 'Only the newest log file may end in a transaction that was cut off.'
  return new HoldfastError('integrity', `${file}: damaged at offset ${end.end}: expected ${end.expected}, found ${end.found}`, {
    hint: `${evidence} The log holds nothing restorable behind transaction ${end.next.id - 1}: check the disk, and take a new base backup.`,
  })
}
