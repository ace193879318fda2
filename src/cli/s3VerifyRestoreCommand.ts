import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { sourceOf, type VerifySource } from '../artifact/verifySource.ts'
import type { VerifyReport } from '../artifact/verifyRestore.ts'
import { HoldfastError } from '../core/errors.ts'
import { defineCommand, toggle, valued } from './command.ts'
import { databaseName } from './databaseNameOption.ts'
import { formatDuration } from './durations.ts'
import { reachSettings } from './repositorySettings.ts'
import { formatSize } from './sizes.ts'
import { dryRun } from './standardOptions.ts'
import { loggingSteps, stepOptions } from './stepLog.ts'
import { formatFacts, formatTable } from './table.ts'

const text = z.string().min(1)

/** `holdfast s3 verify-restore` */
export const s3VerifyRestoreCommand = defineCommand({
  name: 's3 verify-restore',
  summary: 'prove that an uploaded dump restores, on an ephemeral Neo4j',
  description:
    'Downloads the object, taking up again what breaks off, into a private temporary folder; compares its SHA-256 with the metadata, the `<key>.meta.json` or ' +
    '--sha256; loads it with `neo4j-admin database load`, checks it with `neo4j-admin database check`, starts a Neo4j on it and asks it a question. ' +
    'The version of that Neo4j is the one noted with the object, else --neo4j-version, else the long-term one; the flag outranks what is noted. ' +
    'Nothing stays behind, also after a signal. The verdict is good, or bad (exit code 6) where it does not restore or answer as expected, or with --skip-load ' +
    'checksum-only; exit code 4 where the checksum differs.',
  settings: ['bucket', 'prefix', ...reachSettings, 'neo4jVersion', 'neo4jHome', 'javaHome', 'cacheDir'],
  options: {
    s3Uri: valued(text, {
      placeholder: 'uri',
      example: 's3://my-backups/neo4j.dump',
      description: 'the object, as s3://bucket/key',
    }),
    key: valued(text, {
      placeholder: 'key',
      example: 'neo4j.dump',
      description: 'the object, in the bucket that --bucket names; --prefix may be left out of it',
    }),
    file: valued(text, { placeholder: 'file', description: 'a local file instead' }),
    db: valued(databaseName, {
      placeholder: 'name',
      example: 'neo4j',
      description: 'the name to load it under; else the one noted with it, else neo4j',
    }),
    sha256: valued(z.string().regex(/^[0-9a-f]{64}$/i, 'expected 64 hexadecimal digits'), {
      placeholder: 'digest',
      description: 'the SHA-256 that it must have',
    }),
    query: valued(text, {
      placeholder: 'cypher',
      example: '"MATCH (n) RETURN count(n)"',
      description: 'what to ask it, only reading; else the numbers of nodes and relationships',
    }),
    expect: valued(z.string(), {
      placeholder: 'value',
      example: '42',
      description: 'what the first value of the first row must be',
    }),
    skipLoad: toggle('only compare the checksum, which does not tell whether it restores'),
    workDir: valued(text, {
      placeholder: 'dir',
      description: 'where the temporary folder is made, with room for the dump and the database; else that of the system',
    }),
    dryRun,
    ...stepOptions,
  },
  givesWay: true,
  examples: [
    { command: 'holdfast s3 verify-restore --s3-uri s3://my-backups/neo4j/prod/neo4j.dump', purpose: 'load it, check it, count' },
    { command: 'holdfast s3 verify-restore --bucket my-backups --key neo4j.dump --skip-load', purpose: 'only the checksum' },
    {
      command: 'holdfast s3 verify-restore --file neo4j.dump --log-file verify.jsonl',
      purpose: 'a local file, with a log for later',
    },
  ],
  fails: ['neo4j-unavailable', 'integrity', 'repository', 'validation', 'refused'],
  run: async ({ options, settings, services, progress, signal }): Promise<VerifyReport | VerifyPlan> => {
    const { s3Uri, key, file, db, sha256, query, expect, skipLoad } = options
    const { bucket, prefix } = settings.values
    const source = sourceOf({ s3Uri, key, bucket, prefix, file: file === undefined ? undefined : resolve(file) })
    requireTogether(query, expect, skipLoad)
    const workDir = resolve(options.workDir ?? tmpdir())
    if (options.dryRun)
      return planOf(source, { sha256, database: db, neo4j: settings.values.neo4jVersion, query, expect, skipLoad, workDir })
    const { awaitFile, awaitObject } = await import('../artifact/fetchArtifact.ts')
    const { verifyRestore } = await import('../artifact/verifyRestore.ts')
    return loggingSteps({ options, services, signal }, async (onStep) => {
      onStep('begin', { ...source })
      const options = { clock: services.clock, progress, onStep, signal }
      await using awaited =
        source.kind === 'file'
          ? await awaitFile(source.path, options)
          : await awaitObject(await services.bucket(source.bucket), source.key, options)
      const installation = async (version: string | undefined) => services.installation(version, { firm: version !== undefined })
      const request = { sha256, database: db, smoke: { query, expect }, skipLoad, workDir }
      const report = await verifyRestore(awaited, request, { ...options, installation })
      if (report.confirmedBy.length === 0)
        services.log.warn(
          `nothing tells the SHA-256 that ${awaited.name} should have: it was compared with nothing; give --sha256`,
        )
      return report
    })
  },
  text: (result) => (result.verdict === 'planned' ? formatPlan(result) : formatReport(result)),
  failure: ({ verdict }) => (verdict === 'bad' ? 'validation' : undefined),
})

/** What a verification would do. */
interface VerifyPlan {
  verdict: 'planned'
  source: VerifySource
  steps: string[]
  workDir: string
}

function planOf(
  source: VerifySource,
  plan: {
    sha256: string | undefined
    database: string | undefined
    neo4j: string | undefined
    query: string | undefined
    expect: string | undefined
    skipLoad: boolean
    workDir: string
  },
): VerifyPlan {
  const { database, neo4j = 'the long-term one', query, expect, skipLoad, workDir } = plan
  const name = database ?? 'neo4j, unless another name is noted with it'
  const question = query === undefined ? 'how many nodes and relationships it has' : query
  const load = [
    `load it with the Neo4j version that is noted with it, else ${neo4j}, as database ${name}`,
    'run neo4j-admin database check on it',
    `start that Neo4j and ask it: ${question}${expect === undefined ? '' : ` (expected: ${expect})`}`,
  ]
  const fetch = source.kind === 'file' ? `read ${source.path}` : `download ${source.uri} into a temporary folder in ${workDir}`
  const compare = `compare its SHA-256 with ${plan.sha256 ?? 'the one that is noted with it'}`
  return {
    verdict: 'planned',
    source,
    steps: [fetch, compare, ...(skipLoad ? [] : load), 'remove everything but the original'],
    workDir,
  }
}

function requireTogether(query: string | undefined, expect: string | undefined, skipLoad: boolean): void {
  const problem =
    expect !== undefined && query === undefined
      ? '--expect is given without --query'
      : skipLoad && query !== undefined
        ? '--query is given with --skip-load'
        : undefined
  if (problem === undefined) return
  throw new HoldfastError('usage', problem, { hint: 'a query needs the database loaded, and an expectation needs a query' })
}

function formatPlan({ steps }: VerifyPlan): string {
  return `a verification would\n${steps.map((step, index) => `${index + 1}. ${step}`).join('\n')}`
}

function formatReport({
  verdict,
  source,
  size,
  sha256,
  confirmedBy,
  loaded,
  database,
  neo4j,
  checks,
  milliseconds,
}: VerifyReport): string {
  const facts = formatFacts([
    [
      'verdict',
      verdict === 'checksum-only'
        ? 'checksum only: it is the file that it should be; whether it restores was not tried'
        : verdict,
    ],
    ['source', `${source}, ${formatSize(size)}`],
    [
      'sha256',
      `${sha256}, ${confirmedBy.length === 0 ? 'compared with nothing: none is noted' : `as ${confirmedBy.join(' and ')} says`}`,
    ],
    ['loaded', loaded ? `as ${database} into Neo4j ${neo4j}` : 'no'],
    ['took', formatDuration(milliseconds)],
  ])
  if (checks.length === 0) return facts
  const table = formatTable(checks, [
    { title: 'check', value: ({ name }) => name },
    { title: 'passed', value: ({ passed }) => (passed ? 'yes' : 'NO') },
    { title: 'detail', value: ({ detail }) => shortened(detail) },
  ])
  return `${facts}\n\n${table}`
}

/** Without the lines that only tell how far something is; of a long text its end, which has the cause. */
function shortened(detail: string): string {
  const lines = detail.split(/[\r\n]+/).filter((line) => line.trim() !== '' && !line.startsWith('Files: '))
  const text = lines.join(' ')
  return text.length <= 400 ? text : `${text.slice(0, 100)} … ${text.slice(-300)}`
}
