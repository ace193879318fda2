import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { s3Uri, s3UriProblem } from '../core/s3Uri.ts'
import { type Setting, setting } from './declaration.ts'
import { duration } from './duration.ts'
import { rate } from './rate.ts'
import { Secret } from './secret.ts'
import { serverUri } from './serverUri.ts'

const text = z.string().min(1, 'expected a value, found an empty text')
const secret = text.transform((value) => new Secret(value))
const switched = z.stringbool({ error: 'expected true or false' })
const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const

/** A directory, or a place in a bucket. */
const repository = text.check(({ value, issues }) => {
  const isMeantForS3 = /^s3:/i.test(value)
  if (!isMeantForS3 && !/^[a-z][a-z0-9+.-]+:\/\//i.test(value)) return
  const problem = isMeantForS3 ? s3UriProblem(value) : 'expected a directory or s3://bucket/prefix'
  const params = { example: 's3://my-bucket/backups' }
  if (problem !== undefined) issues.push({ code: 'custom', message: problem, input: value, params })
})

const endpoint = text.check(({ value, issues }) => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const isPlain = url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === ''
  if (!isPlain) issues.push({ code: 'custom', message: 'expected a URL such as https://s3.example.org:9000', input: value })
})

const bucket = text.check(({ value, issues }) => {
  const problem = value.includes('/') ? 'expected the name of a bucket, without s3:// and prefix' : s3UriProblem(`s3://${value}`)
  if (problem !== undefined) issues.push({ code: 'custom', message: problem.replace(' behind s3://', ''), input: value })
})

/** Slashes at its ends mean nothing. */
const prefix = z
  .string()
  .transform((value) => value.replaceAll(/^\/+|\/+$/g, ''))
  .check(({ value, issues }) => {
    const problem = value === '' ? undefined : s3UriProblem(s3Uri({ bucket: 'bucket', prefix: value }))
    if (problem !== undefined) issues.push({ code: 'custom', message: problem, input: value })
  })

const encryptions = ['none', 'AES256', 'aws:kms'] as const
const lockModes = ['none', 'governance', 'compliance'] as const
const days = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, 'expected a number of days, 1 or more')
  .transform(Number)

/**
 * Every setting of Holdfast, declared once: the settings file, the environment names, the flags, the help
 * and docs/reference/settings.md all follow from this table.
 */
export const settings = {
  dataDir: setting(text, {
    placeholder: 'dir',
    path: true,
    description: "Neo4j's data directory, which holds `databases` and `transactions`",
  }),
  repo: setting(repository, {
    placeholder: 'dir',
    path: true,
    description: 'the repository where backups live, a directory or `s3://bucket/prefix`',
    example: '/backups',
  }),
  database: setting(text, {
    placeholder: 'name',
    default: 'neo4j',
    description: 'the database to restore to a point, to export or to look into; a backup always holds all of them',
  }),
  uri: setting(serverUri, {
    placeholder: 'uri',
    default: 'bolt://localhost:7687',
    aliases: ['NEO4J_URI'],
    description: 'where Neo4j answers Bolt',
    example: 'bolt://localhost:7687',
  }),
  user: setting(text, {
    placeholder: 'name',
    default: 'neo4j',
    aliases: ['NEO4J_USER', 'NEO4J_USERNAME'],
    description: 'the Neo4j user',
  }),
  password: setting(secret, {
    secret: true,
    flag: false,
    file: false,
    aliases: ['NEO4J_PASSWORD'],
    description: "the Neo4j user's password",
  }),
  passwordFile: setting(text, {
    placeholder: 'file',
    path: true,
    aliases: ['NEO4J_PASSWORD_FILE'],
    description: "a file whose first line is the Neo4j user's password",
  }),
  passphrase: setting(secret, {
    secret: true,
    flag: false,
    file: false,
    description: 'the passphrase of an encrypted repository',
  }),
  passphraseFile: setting(text, {
    placeholder: 'file',
    path: true,
    description: 'a file whose first line is the passphrase of an encrypted repository',
  }),
  keyFile: setting(text, {
    placeholder: 'file',
    path: true,
    description: 'a file of at least 16 random bytes, the key of an encrypted repository',
  }),
  region: setting(text, {
    placeholder: 'region',
    aliases: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    description: 'the region of the bucket; else what the AWS profile says',
    example: 'eu-central-1',
  }),
  endpoint: setting(endpoint, {
    placeholder: 'url',
    aliases: ['BACKUP_S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
    description: 'an S3 server that is not Amazon’s, such as MinIO',
    example: 'https://s3.example.org:9000',
  }),
  pathStyle: setting(switched, {
    example: 'true',
    defaultText: 'true where there is an endpoint',
    description: 'name the bucket in the path and not in the host',
  }),
  caFile: setting(text, {
    placeholder: 'file',
    path: true,
    aliases: ['AWS_CA_BUNDLE'],
    description: 'certificates (PEM) that the S3 server is trusted by, instead of those of the system',
  }),
  sse: setting(z.enum(encryptions, { error: `expected one of ${encryptions.join(', ')}` }), {
    placeholder: 'how',
    description: 'the encryption to ask the S3 server for: AES256 (SSE-S3), aws:kms (SSE-KMS), or none',
    example: 'aws:kms',
  }),
  useSseKms: setting(switched, {
    example: 'true',
    aliases: ['BACKUP_USE_SSE_KMS'],
    flag: false,
    description: 'the same as `sse: aws:kms`',
  }),
  kmsKey: setting(text, {
    placeholder: 'arn',
    aliases: ['BACKUP_KMS_KEY_ARN'],
    description: 'the KMS key to encrypt with, where `sse` is aws:kms; else the default key of the bucket',
    example: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  }),
  objectLock: setting(z.enum(lockModes, { error: `expected one of ${lockModes.join(', ')}` }), {
    placeholder: 'mode',
    default: 'none',
    example: 'compliance',
    description:
      'lock what is stored in a bucket with object lock: compliance (nobody may remove it in time), governance, or none',
  }),
  objectLockDays: setting(days, {
    placeholder: 'days',
    unit: 'days',
    example: '30',
    description: 'how long what is stored stays locked; required with `object-lock`',
  }),
  bucket: setting(bucket, {
    placeholder: 'name',
    aliases: ['BACKUP_S3_BUCKET'],
    description: 'the bucket that single files are uploaded to and verified from; a repository names its own in `repo`',
    example: 'my-backups',
  }),
  prefix: setting(prefix, {
    placeholder: 'prefix',
    default: '',
    defaultText: 'none',
    aliases: ['BACKUP_S3_PREFIX'],
    description: 'what the keys of uploaded files begin with, before a slash and the name of the file',
    example: 'neo4j/prod',
  }),
  commit: setting(z.string().regex(/^[0-9a-f]{7,64}$/i, 'expected the hash of a commit'), {
    placeholder: 'hash',
    aliases: ['GITHUB_SHA'],
    description: 'the commit of the workflow that uploads a file, to be noted with it',
    example: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  }),
  maxRate: setting(rate, {
    placeholder: 'size',
    example: '50MB',
    defaultText: 'no limit',
    description:
      'read at most this much a second for a backup, such as 50MB (or 50M, 50MB/s), or 50MiB, also for one that `archive run` takes; log that is archived is never held back',
  }),
  archiveInterval: setting(duration, {
    placeholder: 'time',
    default: 1000,
    defaultText: '`1s`',
    description: 'how long the transaction log may wait before it is archived',
    example: '1s',
  }),
  logRetention: setting(text, {
    placeholder: 'policy',
    default: '2 days 2G',
    description:
      'how long Neo4j keeps its log, as `db.tx_log.rotation.retention_policy` says, to tell how far the archiver may fall behind',
  }),
  headroomAlert: setting(duration, {
    placeholder: 'time',
    default: 3_600_000,
    defaultText: '`1h`',
    description: 'warn when Neo4j may prune log within this time that is not archived yet',
    example: '1h',
  }),
  archiveWindow: setting(duration, {
    placeholder: 'time',
    default: 7 * 86_400_000,
    defaultText: '`7d`',
    description: 'how far back every moment must stay restorable: no backup that this needs is deleted',
    example: '7d',
  }),
  retentionDays: setting(days, {
    placeholder: 'days',
    unit: 'days',
    example: '30',
    aliases: ['BACKUP_RETENTION_DAYS'],
    flag: false,
    description: 'how long exported backups stay in the bucket, for the lifecycle of the bucket',
  }),
  neo4jVersion: setting(text, {
    placeholder: 'version',
    description: 'the version of the Neo4j to install and run, such as 5.26.0',
  }),
  neo4jHome: setting(text, {
    placeholder: 'dir',
    path: true,
    aliases: ['NEO4J_HOME'],
    description: 'an existing Neo4j installation to use instead of installing one',
  }),
  javaHome: setting(text, { placeholder: 'dir', path: true, aliases: ['JAVA_HOME'], description: 'the Java that runs Neo4j' }),
  path: setting(text, {
    flag: false,
    file: false,
    aliases: ['PATH'],
    description: 'the folders where java and mvn are looked for',
  }),
  cacheDir: setting(text, {
    placeholder: 'dir',
    path: true,
    default: ({ XDG_CACHE_HOME }) => join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast'),
    defaultText: '`$XDG_CACHE_HOME/holdfast`, else `~/.cache/holdfast`',
    description: 'where installed Neo4j versions are kept',
  }),
  config: setting(text, {
    placeholder: 'file',
    path: true,
    file: false,
    defaultText: '`holdfast.yaml` in the working directory, where it exists',
    description: 'the settings file',
  }),
  json: setting(switched, {
    example: 'true',
    default: false,
    file: false,
    description: 'print the result as JSON, and an error as JSON on stderr',
  }),
  quiet: setting(switched, { example: 'true', default: false, description: 'show no progress' }),
  logLevel: setting(z.enum(logLevels, { error: `expected one of ${logLevels.join(', ')}` }), {
    placeholder: 'level',
    default: 'warn',
    example: 'info',
    description: `how much is logged to stderr: ${logLevels.join(', ')}`,
  }),
}

export type SettingName = keyof typeof settings

/** Settings that every command understands. */
export const globalSettings = ['config', 'json', 'quiet', 'logLevel'] as const satisfies readonly SettingName[]

/** Whether a setting may be given on the command line; secrets may not. */
export function hasFlag(name: SettingName): boolean {
  const declared: Setting<unknown> = settings[name]
  return declared.flag !== false
}
