import type { ErrorCode } from '../../core/errors.ts'
import { HoldfastError } from '../../core/errors.ts'

interface Explanation {
  reason?: string
  hint: string
  code?: ErrorCode
}

const changedOnTheWay: Explanation = {
  reason: 'what arrived is not what was sent',
  hint: 'something on the way changes data: check the network and proxies',
  code: 'integrity',
}
const broken: Explanation = {
  reason: 'the connection breaks again and again',
  hint: 'check the network and proxies, then run it again',
}
const late: Explanation = { reason: 'no answer in time', hint: 'check the network and the server, then run it again' }
const elsewhere: Explanation = { reason: 'the bucket is in another region', hint: 'give its region with --region' }

/** By the error code that S3 servers answer with, or that the SDK or Node gives a request that was not answered. */
const explanations: Record<string, Explanation> = {
  NoSuchBucket: { reason: 'there is no such bucket', hint: 'create the bucket, or correct its name, the region or the endpoint' },
  AccessDenied: {
    reason: 'the server refuses it (AccessDenied)',
    hint: 'check that the secret key fits and the bucket is the right one; the role needs s3:GetObject and s3:ListBucket to read, s3:PutObject to write, s3:DeleteObject for a repository, all for this prefix, and kms:GenerateDataKey and kms:Decrypt where a KMS key is used',
  },
  InvalidAccessKeyId: { reason: 'the access key is not known there', hint: 'check the credentials and the endpoint' },
  SignatureDoesNotMatch: { reason: 'the secret key does not fit', hint: 'check the secret access key and the region' },
  ExpiredToken: {
    reason: 'the credentials have expired',
    hint: 'renew them (aws sso login, a new session or web identity token), then run it again',
  },
  InvalidToken: { reason: 'the session token is not valid', hint: 'renew the credentials, then run it again' },
  CredentialsProviderError: {
    reason: 'no credentials were found, or they were refused',
    hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; on AWS give the machine a role',
  },
  RequestTimeTooSkewed: { reason: 'the clocks differ too much', hint: 'set the clock of this machine' },
  PermanentRedirect: elsewhere,
  AuthorizationHeaderMalformed: elsewhere,
  SlowDown: { reason: 'the server asks to slow down (503), again and again', hint: 'try again later' },
  ServiceUnavailable: { reason: 'the server is not available (503), again and again', hint: 'try again later' },
  TooManyRequests: { reason: 'the server answers too many requests (429), again and again', hint: 'try again later' },
  NotImplemented: {
    hint: 'the server lacks what is asked of it: for encryption it may need a key service, without which --sse none is left; conditional writes and SHA-256 checksums it must have',
  },
  InvalidObjectState: {
    reason: 'it lies in an archive (such as Glacier), from which nothing can be read at once',
    hint: 'have it brought back with `aws s3api restore-object --bucket … --key … --restore-request Days=7`, wait until `aws s3api head-object` tells ongoing-request="false", then run it again',
  },
  InvalidRetentionPeriod: { reason: 'the server refuses the retention', hint: 'check the days of --object-lock-days' },
  InvalidRequest: { hint: 'see whether the server and the bucket support what is asked: encryption, object lock, checksums' },
  InvalidArgument: { hint: 'check the endpoint, the KMS key and the settings of encryption and object lock' },
  EPROTO: { reason: 'it does not speak TLS', hint: 'give the endpoint with http:// where the server has no certificate' },
  KMSNotConfigured: { reason: 'the server has no key service', hint: 'set it up there, or use another encryption' },
  XMinioStorageFull: {
    reason: 'the storage of the server is full',
    hint: 'free space there, then run it again; what was stored before is intact',
  },
  QuotaExceeded: {
    reason: 'the quota of the bucket is used up',
    hint: 'raise the quota, then run it again; what was stored before is intact',
  },
  BadDigest: changedOnTheWay,
  XAmzContentSHA256Mismatch: changedOnTheWay,
  XAmzContentChecksumMismatch: changedOnTheWay,
  'Region is missing': { reason: 'no region is given', hint: 'give the region of the bucket with --region, or AWS_REGION' },
  ECONNREFUSED: { reason: 'nobody answers there', hint: 'check the endpoint, and that the server runs' },
  ENOTFOUND: { reason: 'its host is not known', hint: 'check the endpoint and the region' },
  EAI_AGAIN: { reason: 'its host is not known for now', hint: 'check the name service of this machine' },
  ECONNRESET: broken,
  EPIPE: broken,
  ETIMEDOUT: late,
  TimeoutError: late,
}

const certificate: Explanation = {
  reason: 'its certificate is not trusted',
  hint: 'give the certificate of its authority with --ca-file',
}

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
  return new HoldfastError(code, `cannot ${doing} ${name} in ${location}: ${reason}`, { hint, cause: error })
}

/** Why a request failed, in words. */
export function reasonOf(error: Error): string {
  return explain(error).reason.replace(', again and again', '')
}

function explain(error: Error): Explanation & { reason: string } {
  if (isFromTokenService(error)) {
    return {
      reason: `the token service gives no credentials: ${error.name}: ${firstLine(error.message)}`,
      hint: 'see whether the token is still valid and its audience and subject are what the trust policy of the role asks for',
    }
  }
  const names = [...namesOf(error), error.message]
  const found = names.map((name) => explanations[name]).find((explanation) => explanation !== undefined)
  const trusted = !names.some((name) => /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(name))
  const said = [names[0], firstLine(error.message)].filter((part) => part !== undefined && part !== '').join(': ')
  const explanation =
    special(error.message) ?? found ?? (trusted ? { hint: 'see what the server says, then run it again' } : certificate)
  const region = header(error, 'x-amz-bucket-region')
  return {
    ...explanation,
    ...(region === undefined ? {} : { hint: `give its region with --region ${region}` }),
    reason: explanation.reason === undefined ? said : explanation.reason,
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

function header(error: Error, name: string): string | undefined {
  const response = '$response' in error ? (error.$response as { headers?: Record<string, string> } | undefined) : undefined
  return response?.headers?.[name]
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, 300)
}
