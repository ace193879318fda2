import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { type Setting, setting } from './declaration.ts'
import { duration } from './duration.ts'
import { Secret } from './secret.ts'

const text = z.string().min(1, 'expected a value, found an empty text')
const secret = text.transform((value) => new Secret(value))
const switched = z.stringbool({ error: 'expected true or false' })
const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const

const repository = text.refine((value) => !/^[a-z][a-z0-9+.-]+:\/\//i.test(value), {
  error: 'expected a directory: buckets are not supported yet',
})

const schemes = ['bolt', 'bolt+s', 'bolt+ssc', 'neo4j', 'neo4j+s', 'neo4j+ssc']

const serverUri = text.check(({ value, issues }) => {
  const problem = uriProblem(value)
  if (problem !== undefined) issues.push({ code: 'custom', message: problem, input: value })
})

/** What is wrong with the URI of a server; undefined where nothing is. */
function uriProblem(value: string): string | undefined {
  if (value.includes('@')) return 'expected a URI without user and password, which are settings of their own'
  const scheme = /^([^:/]*):\/\//.exec(value)?.[1]
  if (scheme === undefined || !schemes.includes(scheme))
    return `expected a URI that begins with one of ${schemes.join('://, ')}://`
  if (!/^\w+(\+\w+)?:\/\/[^/?#\s\\]+$/.test(value)) return 'expected nothing but a host and a port in the URI'
  if (!URL.canParse(value) || new URL(value).port === '0') return 'expected a host, and a port from 1 to 65535, in the URI'
  return undefined
}

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
    description: 'the repository where backups live, a directory',
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
