import { HoldfastError } from '../core/errors.ts'

/** The object that was to be read is not in the repository. */
export class ObjectMissingError extends HoldfastError {
  constructor(location: string, name: string) {
    super('integrity', `${name} is missing in ${location}`, {
      hint: 'find out who removed it; other backups are unaffected unless they need it too: run `holdfast backup validate`',
    })
  }
}

/** The name that was to be written is taken; objects are never overwritten. */
export class ObjectExistsError extends HoldfastError {
  constructor(location: string, name: string) {
    super('refused', `${name} already exists in ${location}, and objects are never overwritten`)
  }
}

/** The answer to a put was lost, and what became of it could not be found out: the object may be there whole, or not at all. */
export class PutUnsettledError extends HoldfastError {}

/** The error of a put after which the object may be there all the same. */
export function unsettled(name: string, { code, message, hint, cause }: HoldfastError, more?: string): PutUnsettledError {
  return new PutUnsettledError(code, `${message}; it may be stored all the same`, {
    hint: `${hint}; first see whether ${name} is there${more === undefined ? '' : `; ${more}`}`,
    cause,
  })
}
