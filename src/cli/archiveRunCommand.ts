import type { ArchiveEvent } from '../archive/archiveEvent.ts'
import { required } from '../config/resolve.ts'
import type { SegmentName } from '../repository/segmentName.ts'
import { defineCommand, toggle } from './command.ts'
import type { Logger } from './logger.ts'
import { formatCount } from './table.ts'
import { repositorySettings } from './repositorySettings.ts'

/** `holdfast archive run` */
export const archiveRunCommand = defineCommand({
  name: 'archive run',
  summary: 'ship the transaction log to the repository as it is written',
  description:
    'Follows the log of every database in a data directory, also of one that appears there later, and stores what is new, about once a second ' +
    'while there is something, nothing while there is not. Takes a backup first where there is none to build on, and at once where Neo4j has pruned log that was not stored ' +
    'yet, where the newest that was stored is damaged, or where the database has gone back to an earlier point, as by a restore. Only reads there. What fails is tried again for ever; it ends when it is interrupted, and goes on where it was when it is started again.',
  settings: [
    'dataDir',
    ...repositorySettings,
    'archiveInterval',
    'logRetention',
    'headroomAlert',
    'maxRate',
    'uri',
    'user',
    'password',
    'passwordFile',
  ],
  options: { noBase: toggle('take no backups by itself') },
  examples: [
    {
      command: 'holdfast archive run --data-dir /var/lib/neo4j/data --repo /backups',
      purpose: 'beside a running Neo4j, as a service',
    },
  ],
  fails: ['neo4j-unavailable', 'integrity', 'repository', 'refused'],
  run: async ({ options, settings, services, progress, signal }) => {
    const { parseLogRetention } = await import('../neo4j/logRetention.ts')
    const { runArchiveService } = await import('../service/archiveService.ts')
    const repository = await services.repository()
    // Once it runs, what fails is tried again for ever.
    await repository.requireLockRemembered({ signal })
    const { log } = services
    const shipped = { segments: 0, bytes: 0 }
    await runArchiveService({
      repository,
      dataDir: required(settings, 'dataDir'),
      interval: settings.values.archiveInterval,
      retention: parseLogRetention(settings.values.logRetention),
      headroomAlert: settings.values.headroomAlert / 1000,
      takeBases: !options.noBase,
      maxRate: settings.values.maxRate,
      graph: services.graphIfAnswering,
      clock: services.clock,
      signal,
      warn: (message) => log.warn(message),
      listener: (event) => {
        tell(log, event)
        if (event.kind !== 'shipped') return
        shipped.segments += 1
        shipped.bytes += event.segment.end - event.segment.start
        progress({ phase: `archive ${event.database} up to transaction ${event.segment.last}`, done: shipped.bytes })
      },
    })
    return shipped
  },
  text: ({ segments, bytes }) => `archived ${formatCount(segments, 'segment')} with ${formatCount(bytes, 'byte')} of log`,
})

/** One line for each event; what happens every second only where much is logged. */
function tell(log: Logger, event: ArchiveEvent): void {
  const { database } = event
  switch (event.kind) {
    case 'waiting':
      return log.warn({ hint: event.hint }, event.reason)
    case 'appeared':
      return log.info({ database }, 'a database appeared')
    case 'begun':
      return log.info({ database, lineage: event.lineage, next: event.nextId }, 'archiving')
    case 'shipped':
      return log.debug({ database, ...sizeOf(event.segment), milliseconds: Math.round(event.milliseconds) }, 'stored a segment')
    case 'merged':
      return log.debug({ database, ...sizeOf(event.segment), parts: event.parts }, 'merged segments')
    case 'unmerged':
      return log.warn({ database, hint: event.error.hint }, `small segments stay, and are tried again: ${event.error.message}`)
    case 'lineage':
      if (event.isFirst) return log.info({ database, lineage: event.lineage }, 'the archive of this store begins')
      return log.warn({ database, lineage: event.lineage, parent: event.parent, after: event.after }, 'a new lineage begins')
    case 'described':
      return log.warn({ database, lineage: event.lineage }, 'the description of the lineage was gone, and was put again')
    case 'gap':
      return log.error({ database, first: event.first, last: event.last }, 'Neo4j pruned log before it was archived')
    case 'failed':
      return log.error({ database, retryIn: event.retryIn, hint: event.error.hint }, event.error.message)
    case 'headroom':
      return log.error(
        { database, ...event.headroom, behindBytes: event.behindBytes },
        `Neo4j may soon prune log that is not archived${event.atMost ? ', if none of it is: the repository could not be read yet' : ''}`,
      )
    case 'recovered':
      return log.warn({ database }, 'archiving again')
  }
}

function sizeOf({ first, last, start, end }: SegmentName): { first: number; last: number; bytes: number } {
  return { first, last, bytes: end - start }
}
