import { HoldfastError } from '../core/errors.ts'
import { PutUnsettledError } from '../storage/storageErrors.ts'

/** The error for a backup of which nobody can tell whether its manifest is there. */
export function mayBeThere(id: string, error: HoldfastError): HoldfastError {
  const doubt =
    error instanceof PutUnsettledError ? `, and then backup ${id} is there` : `; backup ${id} may be there all the same`
  const hint = '`holdfast backup list` tells when the repository answers again; if it is not there, make another one'
  return new HoldfastError(error.code, `${error.message}${doubt}`, { hint, cause: error })
}
