import { z } from 'zod'
import type { Exported } from '../recovery/exportBackup.ts'
import { exportFormats, type ExportPlan, planExport } from '../recovery/exportPlan.ts'
import { backupArgument, resolveBackup } from './backupArgument.ts'
import { defineCommand, valued } from './command.ts'
import { formatMoment } from './durations.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatSize } from './sizes.ts'
import { dryRun } from './standardOptions.ts'
import { formatFacts } from './table.ts'

/** `holdfast backup export` */
export const backupExportCommand = defineCommand({
  name: 'backup export',
  summary: 'make a file of a backup that plain neo4j-admin loads, without Holdfast',
  description:
    'Has a scratch Neo4j of the same version recover the backup, checks that it ends with the backup’s last transaction, and dumps one ' +
    'database with `neo4j-admin database dump`. The result is `<database>-<time of the last transaction>.dump` or, gzipped, `.backup.gz`, ' +
    'with a `.meta` file of JSON beside it: SHA-256, size, versions, transaction. It loads with plain `neo4j-admin database load`. ' +
    'The files are private to you and not encrypted, even where the repository is. Nothing is overwritten; where the same export is there ' +
    'already and whole, nothing is done. Meanwhile a scratch copy of the whole backup lies in the same directory.',
  arguments: { id: backupArgument },
  settings: [...repositorySettings, 'database', 'neo4jVersion', 'neo4jHome', 'javaHome', 'cacheDir'],
  options: {
    format: valued(z.enum(exportFormats, { error: `expected ${exportFormats.join(' or ')}` }), {
      placeholder: 'format',
      example: 'dump',
      default: 'dump',
      description: '`dump`, or `backup.gz` for the same gzipped',
    }),
    toDir: valued(z.string().min(1), {
      placeholder: 'dir',
      default: '.',
      description: 'where the files go; made where it is missing',
    }),
    dryRun,
  },
  givesWay: true,
  examples: [
    { command: 'holdfast backup export latest --to-dir /exports', purpose: 'the newest backup as a dump' },
    {
      command: 'holdfast backup export 20261122T101500Z-3f9a1c --format backup.gz --database system',
      purpose: 'users and roles of a certain one, into the current directory',
    },
  ],
  fails: ['neo4j-unavailable', 'integrity', 'repository', 'validation', 'refused'],
  run: async ({ arguments: { id }, options, settings, services, progress, signal }) => {
    const repository = await services.repository()
    const manifest = await resolveBackup(repository, id, signal)
    services.requireFittingVersion(manifest)
    const { format, toDir: directory } = options
    const plan = planExport(manifest, { database: settings.values.database, format, directory })
    if (options.dryRun) {
      const { alreadyExported } = await import('../recovery/exportMeta.ts')
      return { plan, present: (await alreadyExported(plan, { progress, signal })) !== undefined }
    }
    const { exportBackup } = await import('../recovery/exportBackup.ts')
    return exportBackup(repository, manifest, plan, { staging: services.staging, clock: services.clock, progress, signal })
  },
  text: (result) => ('plan' in result ? formatPlan(result) : formatExport(result)),
})

function formatPlan({ plan, present }: { plan: ExportPlan; present: boolean }): string {
  const { backup, database, transaction, artifact, scratchSize } = plan
  const what = `${database} of backup ${backup}, up to transaction ${transaction.id}, as ${artifact}`
  if (present) return `nothing to do: ${what} is there already, and whole`
  return `would export ${what}\nmeanwhile the scratch copy beside it takes up to ${formatSize(scratchSize)}`
}

function formatExport({ made, artifact, metaFile, load, meta }: Exported): string {
  const { backup, database, neo4j, transaction, size, sha256 } = meta
  return formatFacts([
    [made ? 'exported' : 'unchanged', `${artifact}, ${formatSize(size)}`],
    ['meta', metaFile],
    ['backup', `${backup}, made with Neo4j ${neo4j}`],
    [database, `up to transaction ${transaction.id}, ${formatMoment(new Date(transaction.commitTime))}`],
    ['sha256', sha256],
    ['to load', load],
    ['', `with the Neo4j that gets it stopped; to replace a database ${database} that it has, add --overwrite-destination=true`],
  ])
}
