import { HoldfastError } from '../../core/errors.ts'
import { unsettled } from '../storageErrors.ts'
import { elsewhere, type Explanation, explanationOf } from './explanations.ts'
import { addSaid, saidBy } from './said.ts'

/** What is said of a request; nothing of it may hold a secret. */
export interface Doing {
  /** A verb such as `write`. */
  doing: string
  /** The object, or what else it is done to. */
  name: string
  location: string
}

/** Explains a failed request in words. Errors of Holdfast pass unchanged. */
export function s3Failure({ doing, name, location }: Doing, error: unknown): unknown {
  if (error instanceof HoldfastError || !(error instanceof Error)) return error
  const { reason, hint, code = 'repository' } = explain(error)
  const failure = new HoldfastError(code, `cannot ${doing} ${name} in ${location}: ${reason}`, { hint, cause: error })
  return error instanceof UnsettledPut ? unsettled(name, failure, error.isInParts ? partsStay : undefined) : failure
}

const partsStay = 'if it is not, its parts cost money until a rule of the bucket for unfinished uploads removes them'

/** A failed put of which nobody can tell what becomes of it; its cause says why it failed. */
export class UnsettledPut extends Error {
  readonly isInParts: boolean
  /** Whether a look afterwards found nothing there: the server may be at it still. */
  readonly isAbsent: boolean

  constructor(cause: Error, { isInParts, isAbsent }: { isInParts: boolean; isAbsent: boolean }) {
    super('the answer to a put was lost', { cause })
    this.isInParts = isInParts
    this.isAbsent = isAbsent
  }
}

/** Why a request failed, in words. */
export function reasonOf(error: Error): string {
  return explain(error).reason.replace(', again and again', '')
}

function explain(error: Error): Explanation & { reason: string } {
  if (error instanceof UnsettledPut) return explain(error.cause as Error)
  if (error instanceof HoldfastError) return { reason: error.message, hint: error.hint ?? '', code: error.code }
  if (isFromTokenService(error)) {
    return {
      reason: `the token service gives no credentials: ${saidBy(error)}`,
      hint: 'see whether the token is still valid and its audience and subject are what the trust policy of the role asks for',
    }
  }
  const names = [...namesOf(error), error.message]
  const known = special(error.message) ?? explanationOf(names)
  const explanation = known ?? { hint: 'see what the server says, then run it again' }
  // AWS tells it with many a refusal that has nothing to do with it.
  const region = known === undefined || known === elsewhere ? header(error, 'x-amz-bucket-region') : undefined
  return {
    ...explanation,
    ...(region === undefined ? {} : { hint: `give its region with --region ${region}` }),
    reason: explanation.reason === undefined ? saidBy(error, names[0]) : addSaid(explanation, error.message),
  }
}

/** What only the text of an answer tells. */
function special(message: string): Explanation | undefined {
  if (/object ?lock ?configuration/i.test(message))
    return {
      reason: 'the bucket can lock no objects, for it was made without object lock',
      hint: 'make a bucket with object lock, which cannot be added later everywhere; or leave --object-lock out',
      code: 'refused',
    }
  if (message.includes('XML parse error'))
    return {
      reason: 'what answers there is no S3 server',
      hint: 'check the endpoint: its port, and https:// where the server has a certificate',
    }
  if (message.startsWith('Region not accepted'))
    return { reason: 'the region is none', hint: 'give the region of the bucket with --region, or AWS_REGION' }
  return undefined
}

/** Whether it was refused to exchange a token or role for credentials; the SDK does not export the class of that error. */
function isFromTokenService(error: object): boolean {
  for (let type: unknown = Object.getPrototypeOf(error); type !== null; type = Object.getPrototypeOf(type))
    if ((type as object).constructor.name === 'STSServiceException') return true
  return false
}

/** The names and codes of an error and of what caused it, the outermost first. */
function namesOf(error: unknown): string[] {
  const names: string[] = []
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth++) {
    if ('Code' in current) names.push(String(current.Code))
    if ('code' in current) names.push(String(current.code))
    names.push(
      statusOf(current) === 403 && ['403', 'Forbidden', 'Unknown', 'UnknownError'].includes(current.name)
        ? 'AccessDenied'
        : current.name,
    )
    const status = statusOf(current)
    if (status === 502) names.push('BadGateway')
    if (status === 504) names.push('GatewayTimeout')
    if (status === 503) names.push('ServiceUnavailable')
    if (status === 429) names.push('TooManyRequests')
    if (status === 301) names.push('PermanentRedirect')
  }
  return names
}

/** The HTTP status of the answer; undefined where there was none. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined
  return (error.$metadata as { httpStatusCode?: number }).httpStatusCode
}

/** Whether the server answered with one of these error codes. */
export function answered(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && namesOf(error).some((name) => codes.includes(name))
}

/** Whether the server refused a put because the key is taken. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412 || answered(error, 'PreconditionFailed')
}

/** Whether the server said for good that it does not do it; a page of something in front of it says nothing of what goes on behind. */
export function isRefused(error: unknown): boolean {
  const status = statusOf(error) ?? 0
  const isForGood = (status >= 400 && status < 500 && ![408, 429].includes(status)) || status === 501
  const isOpen = answered(error, 'NoSuchUpload', 'RequestTimeout', 'RequestTimeoutException')
  return isForGood && Object.hasOwn(error as object, 'Code') && !isOpen
}

/** Whether the server refused what it got because it is not what the request says. */
export function arrivedChanged(error: unknown): boolean {
  return answered(error, 'BadDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch')
}

function header(error: Error, name: string): string | undefined {
  const response = '$response' in error ? (error.$response as { headers?: Record<string, string> } | undefined) : undefined
  return response?.headers?.[name]
}
