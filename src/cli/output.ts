import type { Environment } from '../config/declaration.ts'
import { withoutUserinfo } from '../config/secret.ts'
import { systemReason } from '../core/systemReasons.ts'
import { type ErrorCode, exitCodes, HoldfastError } from '../core/errors.ts'

/** The part of a standard stream that is used here, so that tests can hand in their own. */
export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** What a command ends with. */
export interface Outcome {
  /** Plain data, printed with --json. */
  result: unknown
  /** The same for a person, without a final newline; empty where there is nothing to say. */
  text: string
  /** Set where the result, though complete, is a failure, such as a bad verdict. */
  failure?: ErrorCode
}

/** Whether results and errors are wanted as JSON, as far as can be told before the command line is understood. */
export function wantsJson(words: readonly string[], environment: Environment): boolean {
  return words.includes('--json') || /^(true|1|yes|on|y|enabled)$/i.test(environment['HOLDFAST_JSON'] ?? '')
}

/** Prints a note to stderr while a command runs: a line of text, or with --json one of the log. */
export function printNote(stderr: OutputStream, note: string, json: boolean): void {
  stderr.write(
    json ? `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg: note })}\n` : `\nholdfast: ${note}\n`,
  )
}

/** Prints a result to stdout and returns the exit status. */
export function printOutcome(stdout: OutputStream, { result, text, failure }: Outcome, json: boolean): number {
  if (json) stdout.write(`${toJson(result)}\n`)
  else if (text !== '') stdout.write(`${text}\n`)
  return failure === undefined ? 0 : exitCodes[failure]
}

/** Prints an error to stderr, as `{"error":{"code","message","hint"}}` with --json, and returns the exit status. */
export function printError(stderr: OutputStream, error: HoldfastError, json: boolean): number {
  const { code, message, hint } = shownError(error)
  if (json) stderr.write(`${JSON.stringify({ error: { code, message, hint } })}\n`)
  else stderr.write(`holdfast: ${message}\n${hint === undefined ? '' : `  next: ${hint}\n`}`)
  return exitCodes[code]
}

/** What is told of an error, without what must not be shown. */
export function shownError({ code, message, hint }: HoldfastError): {
  code: ErrorCode
  message: string
  hint: string | undefined
} {
  return { code, message: withoutUserinfo(message), hint: hint && withoutUserinfo(hint) }
}

/** Whatever was thrown as the one error class; an abort is an interruption, and what the operating system refused is said in words, and what nobody expected says so. */
export function toHoldfastError(error: unknown, signal: AbortSignal): HoldfastError {
  if (error instanceof HoldfastError) return error
  if (signal.aborted) {
    return signal.reason instanceof HoldfastError
      ? signal.reason
      : new HoldfastError('interrupted', 'interrupted', { cause: error })
  }
  const known = systemReason(error)
  if (known) return new HoldfastError('failed', known.reason, { hint: known.hint, cause: error })
  const message = error instanceof Error ? error.message : String(error)
  return new HoldfastError('failed', `unexpected error: ${message}`, {
    hint: 'run it again with --log-level debug to see where it happened, and report it',
    cause: error,
  })
}

/** JSON for people and scripts: dates in ISO 8601, large integers as numbers where a number holds them exactly, else as text. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? exact(part) : part), 2)
}

function exact(integer: bigint): number | string {
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : integer.toString()
}
