/** The closed set of ways an operation can fail, each with the exit status of the command line. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  'neo4j-unavailable': 3,
  integrity: 4,
  repository: 5,
  validation: 6,
  refused: 7,
  interrupted: 130,
} as const

export type ErrorCode = keyof typeof exitCodes

export interface ErrorDetails {
  /** What the operator should do next. */
  hint?: string
  cause?: unknown
}

/** The one error class: a message says what, found and expected; a hint says what to do next. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.hint = details.hint
  }
}

/** Lets pass that something is damaged; throws anything else, such as storage that cannot be reached. */
export function integrityError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError && error.code === 'integrity') return error
  throw error
}

/** An answer for where damage leaves a question open; anything else is thrown. */
export function ifDamaged<const T>(answer: T): (error: unknown) => T {
  return (error) => {
    integrityError(error)
    return answer
  }
}

/** Whether an error from the operating system has one of the given codes, such as `ENOENT`. */
export function hasSystemCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
