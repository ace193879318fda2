import { z } from 'zod'
import type { RestoreReport } from '../recovery/restore.ts'
import { resolveBackup } from './backupArgument.ts'
import { defineCommand, toggle, valued } from './command.ts'
import { formatDuration } from './durations.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatRate, formatSize } from './sizes.ts'
import { dryRun } from './standardOptions.ts'
import { formatFacts } from './table.ts'

/** `holdfast restore start` */
export const restoreStartCommand = defineCommand({
  name: 'restore start',
  summary: 'restore a backup into a new directory and prove it on a scratch Neo4j',
  description:
    'Writes the backup as a Neo4j data directory, boots a scratch Neo4j of the same version on it, compares what it holds with ' +
    'what the backup recorded, and runs `neo4j-admin database check`. Production is not touched.',
  settings: [...repositorySettings, 'neo4jVersion', 'neo4jHome', 'javaHome', 'cacheDir'],
  options: {
    toDir: valued(z.string().min(1), {
      placeholder: 'dir',
      required: true,
      description: 'a directory that is empty or does not exist',
    }),
    id: valued(z.string(), {
      placeholder: 'id',
      default: 'latest',
      description: 'the backup to restore; the newest unless given',
    }),
    resume: toggle('go on with a restore of the same backup that broke off'),
    skipChecks: toggle('only write the files, each block verified; run no scratch Neo4j'),
    dryRun,
  },
  examples: [
    { command: 'holdfast restore start --to-dir /restore/data', purpose: 'the newest backup, proven' },
    { command: 'holdfast restore start --id 20261122T101500Z-3f9a1c --to-dir /restore/data --json', purpose: 'a certain one' },
  ],
  fails: ['neo4j-unavailable', 'integrity', 'repository', 'validation', 'refused'],
  run: async ({ options, services, progress, signal }) => {
    const repository = await services.repository()
    const manifest = await resolveBackup(repository, options.id, signal)
    const { toDir: target, resume } = options
    if (options.dryRun) {
      const { planRestore } = await import('../recovery/restorePlan.ts')
      return { plan: await planRestore(repository, manifest, { target, resume }) }
    }
    const { restore } = await import('../recovery/restore.ts')
    const staging = options.skipChecks ? undefined : services.staging
    return restore(repository, manifest, { target, resume, staging, clock: services.clock, progress, signal })
  },
  text: (result) =>
    'plan' in result
      ? `would restore ${result.plan.backup}, ${formatSize(result.plan.size)} in ${result.plan.files} files, into ${result.plan.directory}`
      : formatReport(result),
  failure: (result) => ('verdict' in result && result.verdict === 'bad' ? 'validation' : undefined),
})

/** The outcome of a restore, as facts under each other. */
function formatReport({ backup, directory, verdict, files, checks, durations }: RestoreReport): string {
  return formatFacts([
    ['backup', backup],
    ['directory', directory],
    [
      'files',
      `${files.files}, ${formatSize(files.size)}${files.resumed > 0 ? `, ${formatSize(files.resumed)} of it there already` : ''}`,
    ],
    [
      'time',
      `${formatDuration(durations.materialise)} to write (${formatRate(files.size - files.resumed, durations.materialise)}), ${formatDuration(durations.validate)} to check`,
    ],
    ...checks.map(
      ({ database, name, passed, detail }) => [passed ? 'passed' : 'FAILED', `${database}: ${name}: ${detail}`] as const,
    ),
    ['verdict', verdict],
  ])
}
