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
    hint:
      `${evidence} Nothing behind transaction ${end.next.id - 1} can be restored from this log: check the disk. A new backup can be taken once ` +
      'Neo4j has begun another log file and made a checkpoint there; archiving goes on by itself once Neo4j has pruned this file.',
  })
}
