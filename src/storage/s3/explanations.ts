import type { ErrorCode } from '../../core/errors.ts'

/** What there is to say of a failed request. */
export interface Explanation {
  reason?: string
  /** Whether what the server says besides tells more. */
  saysMore?: boolean
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
/** Where the server tells the region, that is to be given. */
export const elsewhere: Explanation = { reason: 'the bucket is in another region', hint: 'give its region with --region' }

/** By the error code that S3 servers answer with, or that the SDK or Node gives a request that was not answered. */
const explanations: Readonly<Record<string, Explanation>> = {
  NoSuchBucket: { reason: 'there is no such bucket', hint: 'create the bucket, or correct its name, the region or the endpoint' },
  AccessDenied: {
    reason: 'the server refuses it (AccessDenied)',
    saysMore: true,
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
  BadGateway: { reason: 'the server is not available (502), again and again', hint: 'try again later' },
  GatewayTimeout: { reason: 'the server is not available (504), again and again', hint: 'try again later' },
  TooManyRequests: { reason: 'the server answers too many requests (429), again and again', hint: 'try again later' },
  InvalidObjectState: {
    reason: 'it lies in an archive (such as Glacier), from which nothing is read at once',
    hint: 'have it brought back with `aws s3api restore-object --bucket … --key … --restore-request Days=7`, wait until `aws s3api head-object` tells ongoing-request="false", then run it again; and take the rule of the bucket away that moves what a repository holds',
  },
  NoSuchUpload: {
    reason: 'its unfinished upload is not there any more',
    hint: 'see whether a rule of the bucket or somebody removes unfinished uploads too early, then run it again',
  },
  NotImplemented: {
    hint: 'the server lacks what is asked of it: for encryption it may need a key service, without which --sse none is left; conditional writes and SHA-256 checksums it must have',
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
  PageNotFound: {
    reason: 'what answers 404 there is no S3 server, again and again',
    hint: 'check the endpoint; see whether a proxy answers in the place of the server',
  },
  AnswerTooLong: { reason: 'the answer has no end', hint: 'see whether a proxy answers in the place of the server' },
  ECONNRESET: broken,
  EPIPE: broken,
  ETIMEDOUT: late,
  TimeoutError: late,
}

const certificate: Explanation = {
  reason: 'its certificate is not trusted',
  hint: 'give the certificate of its authority with --ca-file',
}

/** The explanation of the first of these names and codes of an error that has one. */
export function explanationOf(names: readonly string[]): Explanation | undefined {
  const known = names.find((name) => Object.hasOwn(explanations, name))
  if (known !== undefined) return explanations[known]
  return names.some((name) => /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(name)) ? certificate : undefined
}
