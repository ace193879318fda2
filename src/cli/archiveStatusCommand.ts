import type { ArchiveStatus, LineageStatus, LiveStatus } from '../archive/archiveStatus.ts'
import type { UnarchivedLog } from '../archive/unarchivedLogs.ts'
import type { Window } from '../recovery/windows.ts'
import { duration } from '../config/duration.ts'
import { HoldfastError } from '../core/errors.ts'
import { defineCommand, valued } from './command.ts'
import { formatDuration, formatMoment } from './durations.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatSize } from './sizes.ts'
import { formatFacts } from './table.ts'

/** What `holdfast archive status` tells. */
export interface ArchiveReport extends ArchiveStatus {
  /** By database: the transactions and moments to which it can be restored. */
  windows: Record<string, Window[]>
  /** Backups of which nobody can tell whether a lineage leads on from them, as log is damaged; they count as windows of themselves alone. */
  unclear: { database: string; backup: string; lineage: string; problem: string }[]
  /** The databases that are further behind than was asked for, and since when; empty where nothing was asked. */
  late: { database: string; since: string }[]
  /** Why nothing can be told of the live log, where a data directory was given. */
  unavailable: string | null
  now: string
}

/** `holdfast archive status` */
export const archiveStatusCommand = defineCommand({
  name: 'archive status',
  summary: 'tell what is archived, how far it is behind, and what can be restored',
  description:
    'Reads what the repository holds now. With a data directory it also tells how much of the live log is not archived yet, and names the ' +
    'databases with which the archive does not go on. It fails where a segment is missing or the description of a lineage or a gap is damaged, ' +
    'and where the live log is damaged, was pruned before it was archived and nobody has marked that, or has nothing in common with what is ' +
    'archived of its store; also where the data directory cannot be read (what can be restored is told all the same), and where log waits longer ' +
    'than --max-behind. Whether the segments can be read, `archive validate` says.',
  options: {
    maxBehind: valued(duration, {
      placeholder: 'time',
      example: '5m',
      description: 'fail where log that is older than this is not archived yet, such as 5m; an idle database is never late',
    }),
  },
  settings: ['dataDir', ...repositorySettings, 'logRetention'],
  examples: [
    {
      command: 'holdfast archive status --data-dir /var/lib/neo4j/data --repo /backups --max-behind 5m --json',
      purpose: 'for a monitor',
    },
  ],
  fails: ['neo4j-unavailable', 'integrity', 'repository', 'refused'],
  run: async ({ options: { maxBehind }, settings, services, signal }): Promise<ArchiveReport> => {
    const { archiveStatus } = await import('../archive/archiveStatus.ts')
    const { parseLogRetention } = await import('../neo4j/logRetention.ts')
    const { backupWindows, certain, joined } = await import('../recovery/windows.ts')
    const { ArchivedHistory } = await import('../repository/archivedHistory.ts')
    const repository = await services.repository()
    const { dataDir, logRetention } = settings.values
    if (maxBehind !== undefined && dataDir === undefined) {
      throw new HoldfastError('usage', '--max-behind compares the archive with the live log, and there is no data directory', {
        hint: 'give --data-dir',
      })
    }
    const now = services.clock.now()
    const directory = dataDir === undefined ? undefined : { dataDir, retention: parseLogRetention(logRetention), now }
    const history = await ArchivedHistory.read(repository, signal)
    let unavailable: string | null = null
    const status = await archiveStatus(repository, history, directory, signal).catch(async (error: unknown) => {
      if (!(error instanceof HoldfastError && error.code === 'neo4j-unavailable')) throw error
      unavailable = error.message
      // Where the directory is lost, what can be restored is all that matters.
      return archiveStatus(repository, history, undefined, signal)
    })
    const manifests = (await repository.listBackups({ signal })).flatMap(({ manifest }) => manifest ?? [])
    const names = new Set([
      ...status.lineages.map(({ database }) => database),
      ...manifests.flatMap(({ databases }) => databases.map(({ name }) => name)),
    ])
    const windows: Record<string, Window[]> = {}
    const unclear: ArchiveReport['unclear'] = []
    for (const database of [...names].toSorted()) {
      const found = await backupWindows(history, manifests, database)
      windows[database] = joined(certain(found))
      for (const { backup, window, damage } of found)
        if (damage) unclear.push({ database, backup, lineage: window.lineage!, problem: damage.message })
    }
    const late = maxBehind === undefined ? [] : laterThan(now.getTime() - maxBehind, status)
    return { ...status, windows, unclear, late, unavailable, now: now.toISOString() }
  },
  text: ({ lineages, unarchived, windows, damaged, unclear, late, unavailable, now }) => {
    const apart = unarchived.map((log) => formatFacts(describeLog(log, new Date(now))))
    const parts = lineages.map((lineage) => formatLineage(lineage, new Date(now)))
    const restorable = Object.entries(windows).flatMap(([name, found]) =>
      found.map((window) => [name, formatWindow(window)] as const),
    )
    const unread = damaged.map(({ lineage, problem }) => formatFacts([['DAMAGED', `lineage ${lineage}: ${problem}`]]))
    const unknown = unclear.map(({ backup, lineage, problem }) =>
      formatFacts([['DAMAGED', `nobody can tell whether lineage ${lineage} leads on from backup ${backup}: ${problem}`]]),
    )
    const points = restorable.length > 0 ? ['restorable', formatFacts(restorable)].join('\n') : nothingRestorable
    const head = lineages.length + damaged.length === 0 ? [nothingArchived] : []
    const waiting = late.map(({ database, since }) =>
      formatFacts([['LATE', `log of ${database} waits to be archived since ${since}`]]),
    )
    const lost = unavailable === null ? [] : [formatFacts([['NO LOG', unavailable]])]
    return [...head, ...parts, ...apart, ...lost, ...unread, ...unknown, ...waiting, points].join('\n\n')
  },
  failure: ({ lineages, unarchived, damaged, unclear, late, unavailable }) => {
    const isHoled = lineages.some(({ missing }) => missing.length > 0)
    if (isHoled || damaged.length + unclear.length > 0 || unarchived.some(isBroken)) return 'integrity'
    if (unavailable !== null) return 'neo4j-unavailable'
    return late.length > 0 ? 'refused' : undefined
  },
})

/** The databases of which something that was committed before a moment, in milliseconds since 1970, is not archived. */
function laterThan(moment: number, { lineages, unarchived }: ArchiveStatus): ArchiveReport['late'] {
  const behind = [
    ...lineages.map(({ database, live }) => ({ database, since: live?.behindSince ?? null })),
    ...unarchived.map(({ database, behindSince }) => ({ database, since: behindSince })),
  ]
  return behind.flatMap(({ database, since }) => (since !== null && Date.parse(since) < moment ? [{ database, since }] : []))
}

/** Whether what is archived of the database does not lead to what it holds now. */
function isBroken({ state, behindBytes }: UnarchivedLog): boolean {
  // A foreign log that holds nothing yet is that of a database that was only just restored.
  return state === 'pruned' || state === 'damaged' || (state === 'foreign' && behindBytes !== 0)
}

function describeLog(log: UnarchivedLog, now: Date): [string, string][] {
  const { database, state, lineage, after, lost, behindBytes, behindSince, problem } = log
  const behind: [string, string][] = behindBytes ? [['behind', formatBehind({ behindBytes, behindSince }, now)]] : []
  switch (state) {
    case 'new':
      return behindBytes ? [[database, 'not archived yet'], ...behind] : [[database, 'nothing to archive yet']]
    case 'branched':
      return [[database, `left ${lineage} after transaction ${after}, and is not archived from there on yet`], ...behind]
    case 'pruned': {
      const what = `transactions ${lost!.first} to ${lost!.last} were pruned before they were archived, and no archiver has marked that: is one running?`
      return [[database, `went on with ${lineage}`], ['LOST', what], ...behind]
    }
    case 'foreign':
      return [[database, 'has nothing in common with what is archived of its store, and is not archived yet'], ...behind]
    case 'damaged':
      return [['DAMAGED', `log of ${database}: ${problem}`]]
  }
}

const nothingArchived =
  'nothing is archived: no archiver has stored any log here. Start one, and let it run as a service: `holdfast archive run`'
const nothingRestorable = 'nothing can be restored yet: there is no backup. Take one with `holdfast backup create`'

/** Milliseconds after which log that is not archived tells that nobody archives it. */
const longBehind = 60_000

function formatLineage(status: LineageStatus, now: Date): string {
  const { database, lineage, parent, branchedAfter, segments, logBytes, storedBytes, last, gaps, missing, live } = status
  return formatFacts([
    [database, lineage],
    ['branched', parent === null ? undefined : `off ${parent} after transaction ${branchedAfter}`],
    ['archived', formatLast(last, now)],
    ['segments', `${segments}, ${formatSize(logBytes)} of log in ${formatSize(storedBytes)}`],
    ['behind', live === null ? undefined : formatBehind(live, now)],
    ['headroom', live === null ? undefined : formatHeadroom(live.headroom)],
    ...gaps.map(({ first, last: end, after, found }) => {
      const since = after === undefined ? '' : `, committed after ${after}`
      return [
        'GAP',
        `transactions ${first} to ${end}${since}, were pruned before they were archived; found ${formatMoment(new Date(found))}`,
      ] as const
    }),
    ...missing.map(({ first, last: end }) => {
      return ['MISSING', `transactions ${first} to ${end} are in no segment any more: something removed it`] as const
    }),
  ])
}

function formatLast(last: LineageStatus['last'], now: Date): string {
  if (last === null) return 'nothing yet'
  return `up to transaction ${last.id} of ${last.time}, ${formatDuration(Math.max(0, now.getTime() - Date.parse(last.time)))} ago`
}

function formatBehind({ behindBytes, behindSince }: Pick<LiveStatus, 'behindBytes' | 'behindSince'>, now: Date): string {
  if (behindSince === null) return 'nothing: all of the live log is archived'
  const age = now.getTime() - Date.parse(behindSince)
  const advice = age > longBehind ? '; see whether `holdfast archive run` runs, and what it logs' : ''
  return `${formatSize(behindBytes)}, the oldest ${formatDuration(age)} ago${advice}`
}

function formatHeadroom({ bytes, seconds }: LiveStatus['headroom']): string {
  const parts = [bytes === null ? undefined : formatSize(bytes), seconds === null ? undefined : formatDuration(seconds * 1000)]
  const known = parts.filter((part) => part !== undefined)
  return known.length === 0 ? 'no limit is known' : `${known.join(', ')} until Neo4j may prune what is not archived`
}

function formatWindow({ from, to, lineage }: Window): string {
  if (from.id === to.id) return `transaction ${from.id} of ${from.time}`
  return `transactions ${from.id} to ${to.id}, ${from.time} to ${to.time}${lineage === undefined ? '' : `, lineage ${lineage}`}`
}
