import { z } from 'zod'
import type { RestoreReport } from '../recovery/restore.ts'
import type { RestorePlan } from '../recovery/restorePlan.ts'
import { defineCommand, toggle, valued } from './command.ts'
import { formatDuration } from './durations.ts'
import { repositorySettings } from './repositorySettings.ts'
import { restorePointOptions } from './restorePointOptions.ts'
import { formatRate, formatSize } from './sizes.ts'
import { dryRun } from './standardOptions.ts'
import { formatCount, formatFacts } from './table.ts'

/** `holdfast restore start` */
export const restoreStartCommand = defineCommand({
  name: 'restore start',
  summary: 'restore a backup into a new directory and prove it on a scratch Neo4j',
  description:
    'Writes a backup, and the archived log behind it up to the wanted point, as a Neo4j data directory, boots a scratch Neo4j of the same version on it, checks ' +
    'the last transaction, the indexes and that the counts agree with a scan, and runs `neo4j-admin database check`. Where no archived log follows, counts and schema ' +
    'are compared with what the backup recorded. Production is not touched.',
  settings: [...repositorySettings, 'database', 'neo4jVersion', 'neo4jHome', 'javaHome', 'cacheDir'],
  options: {
    toDir: valued(z.string().min(1), {
      placeholder: 'dir',
      required: true,
      description: 'a directory that is empty or does not exist',
    }),
    id: valued(z.string(), {
      placeholder: 'id',
      description: 'this backup as it is, without archived log; `latest` is the newest',
    }),
    ...restorePointOptions,
    lineage: valued(z.string(), {
      placeholder: 'id',
      description:
        'follow this lineage, as `holdfast archive status` shows it; unless given the one that leads there and that all others were left for; ' +
        'where several went on side by side, the restore is refused and names them',
    }),
    resume: toggle(
      'go on with a restore that broke off: with nothing else given to the transactions it was begun for, whatever was archived or backed up since',
    ),
    skipChecks: toggle('only write the files, each block verified; run no scratch Neo4j'),
    dryRun,
  },
  examples: [
    { command: 'holdfast restore start --to-dir /restore/data', purpose: 'all there is, proven' },
    {
      command: 'holdfast restore start --before-tx 48213 --dry-run --to-dir /restore/data',
      purpose: 'what it takes to undo a mistake',
    },
    { command: 'holdfast restore start --to-time 2026-11-22T10:15:00Z --to-dir /restore/data', purpose: 'a moment' },
    { command: 'holdfast restore start --id 20261122T101500Z-3f9a1c --to-dir /restore/data --json', purpose: 'a certain one' },
  ],
  fails: ['neo4j-unavailable', 'integrity', 'repository', 'validation', 'refused'],
  run: async ({ options, settings, services, progress, signal }) => {
    const repository = await services.repository()
    const { toDir: target, resume } = options
    const { chooseSource } = await import('./restoreSource.ts')
    const { manifest, replays, damaged, doubts } = await chooseSource(repository, options, {
      database: settings.values.database,
      now: services.clock.now(),
      signal,
    })
    for (const id of damaged) services.log.warn(`backup ${id} is not considered: its manifest is damaged`)
    for (const doubt of doubts) services.log.warn(doubt)
    if (!options.skipChecks) services.requireFittingVersion(manifest)
    if (options.dryRun) {
      const { planRestore } = await import('../recovery/restorePlan.ts')
      return { plan: await planRestore(repository, manifest, { target, resume, replays, damaged, doubts }) }
    }
    const { restore } = await import('../recovery/restore.ts')
    const staging = options.skipChecks ? undefined : services.staging
    const report = await restore(repository, manifest, {
      target,
      replays,
      resume,
      staging,
      clock: services.clock,
      progress,
      signal,
    })
    return { ...report, doubts }
  },
  text: (result) => ('plan' in result ? formatPlan(result.plan) : formatReport(result)),
  failure: (result) => ('verdict' in result && result.verdict === 'bad' ? 'validation' : undefined),
})

/** What would be done, as facts under each other. */
function formatPlan({ backup, directory, from, files, size, room, databases }: RestorePlan): string {
  if (from === 'end') return `nothing to do: the restore of backup ${backup} into ${directory} has ended with SUCCESS`
  return formatFacts([
    ['would restore', `${backup}, ${formatSize(size)} in ${formatCount(files, 'file')}`],
    ['into', directory],
    [
      'room',
      room === null
        ? undefined
        : `${formatSize(room.needed)} needed, ${room.free === null ? 'unknown' : formatSize(room.free)} free`,
    ],
    ...databases.map(({ name, lastTransaction, backupEnds, segments, replayed }) => {
      const end = `up to transaction ${lastTransaction.id} of ${lastTransaction.commitTime}`
      const log = `the backup ends with ${backupEnds.id}, ${formatCount(segments, 'segment')} with ${formatSize(replayed)} of log follow`
      return [name, segments > 0 ? `${end}; ${log}` : `${end}, where the backup ends`] as const
    }),
  ])
}

/** The outcome of a restore, as facts under each other. */
function formatReport({ backup, directory, verdict, files, checks, durations, proof }: RestoreReport): string {
  const wasDone = verdict === 'good' && checks.length === 0
  if (wasDone) return `nothing to do: the restore of backup ${backup} into ${directory} has ended with SUCCESS already`
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
    ['proof', proof === null ? undefined : proof === 'recorded' ? 'recorded in the repository' : `not recorded: ${proof}`],
  ])
}
