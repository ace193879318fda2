import { z } from 'zod'
import { required } from '../config/resolve.ts'
import { HoldfastError } from '../core/errors.ts'
import { listDatabases } from '../neo4j/dataDirectory.ts'
import { isRefusal } from '../neo4j/graph.ts'
import type { Manifest } from '../repository/manifest.ts'
import { duration } from '../config/duration.ts'
import { defineCommand, toggle, valued } from './command.ts'
import { formatDuration } from './durations.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatRate, formatSize } from './sizes.ts'
import { formatFacts } from './table.ts'

/** What was made. */
interface CreatedBackup extends Manifest {
  /** Why the server's version, schema and counts are not in it, where they are not. */
  unasked?: string
}

/** `holdfast backup create` */
export const backupCreateCommand = defineCommand({
  name: 'backup create',
  summary: 'back up a Neo4j without stopping it',
  description:
    'Copies all databases of a data directory, `system` among them, as one set, while Neo4j goes on writing. Only reads there. ' +
    'Where the server answers, its version, schema and counts are recorded for the checks after a restore; nothing else needs it.',
  settings: ['dataDir', ...repositorySettings, 'maxRate', 'uri', 'user', 'password', 'passwordFile'],
  options: {
    offline: toggle('the database is stopped; refused where it runs'),
    label: valued(
      z
        .string()
        .max(200)
        .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'expected text without control characters'),
      { placeholder: 'text', example: '"before the upgrade"', description: 'a note to keep with the backup' },
    ),
    wait: valued(duration, {
      placeholder: 'time',
      example: '5m',
      description: 'wait this long for another backup to end, such as 5m',
    }),
  },
  givesWay: true,
  examples: [
    { command: 'holdfast backup create --data-dir /var/lib/neo4j/data --repo /backups', purpose: 'a hot backup' },
    { command: 'holdfast backup create --offline --json', purpose: 'of a stopped database, with the manifest as result' },
  ],
  fails: ['neo4j-unavailable', 'integrity', 'repository', 'refused'],
  run: async ({ options, settings, services, progress, signal }): Promise<CreatedBackup> => {
    const { createBackup } = await import('../backup/createBackup.ts')
    const dataDir = required(settings, 'dataDir')
    // First of all: where the path is wrong, nothing else matters.
    await listDatabases(dataDir)
    const repository = await services.repository()
    let unasked = options.offline ? 'not asked, as the database is stopped' : undefined
    const note = (error: unknown): void => void (unasked = whyUnasked(error))
    await using graph = options.offline ? undefined : await services.graphIfAnswering(note)
    const manifest = await createBackup({
      repository,
      dataDir,
      offline: options.offline,
      graph,
      maxRate: settings.values.maxRate,
      label: options.label,
      wait: options.wait,
      clock: services.clock,
      progress,
      signal,
      warn: (message) => services.log.warn(message),
      onUnasked: note,
    })
    return unasked === undefined ? manifest : { ...manifest, unasked }
  },
  text: formatBackup,
})

/** Why a server said nothing of a backup, in a few words. */
function whyUnasked(error: unknown): string {
  if (isRefusal(error)) return 'the server refused the user'
  if (!(error instanceof HoldfastError)) return 'the server could not be asked'
  return error.code === 'neo4j-unavailable' ? 'the server did not answer' : error.message
}

/** The outcome of a backup, as facts under each other. */
function formatBackup({ id, totals, timing, databases, server, unasked }: CreatedBackup): string {
  const duration = Date.parse(timing.finished) - Date.parse(timing.started)
  const leftOut = databases.flatMap((database) => database.leftOut)
  return formatFacts([
    ['backup', id],
    ['size', formatSize(totals.size)],
    ['stored', `${formatSize(totals.storedBytes)} for ${formatSize(totals.newBytes)} that no earlier backup had`],
    ['time', `${formatDuration(duration)}, ${formatRate(totals.size, duration)}`],
    ...databases.map(({ name, lastTransaction }) => [name, `up to transaction ${lastTransaction.id}`] as const),
    ['server', server ? `Neo4j ${server.version} ${server.edition}` : `no version, schema and counts recorded: ${unasked}`],
    ['left out', leftOut.length > 0 ? `${leftOut.map(({ path }) => path).join(', ')}: Neo4j rebuilds them` : undefined],
  ])
}
