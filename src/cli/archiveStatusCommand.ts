import type { LineageStatus, LiveStatus } from '../archive/archiveStatus.ts'
import type { Window } from '../recovery/windows.ts'
import { defineCommand } from './command.ts'
import { formatDuration, formatMoment } from './durations.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatSize } from './sizes.ts'
import { formatFacts } from './table.ts'

interface ArchiveReport {
  lineages: LineageStatus[]
  /** By database: the transactions and moments to which it can be restored. */
  windows: Record<string, Window[]>
  /** Lineages of which nothing can be told, and why. */
  damaged: { lineage: string; problem: string }[]
  now: string
}

/** `holdfast archive status` */
export const archiveStatusCommand = defineCommand({
  name: 'archive status',
  summary: 'tell what is archived, how far it is behind, and what can be restored',
  description:
    'Reads what the repository holds now. With a data directory it also tells how much of the live log is not archived yet.',
  settings: ['dataDir', ...repositorySettings, 'logRetention'],
  examples: [
    { command: 'holdfast archive status --data-dir /var/lib/neo4j/data --repo /backups --json', purpose: 'for a monitor' },
  ],
  fails: ['neo4j-unavailable', 'integrity', 'repository'],
  run: async ({ settings, services, signal }): Promise<ArchiveReport> => {
    const { archiveStatus } = await import('../archive/archiveStatus.ts')
    const { parseLogRetention } = await import('../neo4j/logRetention.ts')
    const { restorableWindows } = await import('../recovery/windows.ts')
    const { ArchivedHistory } = await import('../repository/archivedHistory.ts')
    const repository = await services.repository()
    const { dataDir, logRetention } = settings.values
    const now = services.clock.now()
    const directory = dataDir === undefined ? undefined : { dataDir, retention: parseLogRetention(logRetention), now }
    const history = await ArchivedHistory.read(repository, signal)
    const lineages = await archiveStatus(repository, history, directory, signal)
    const manifests = (await repository.listBackups({ signal })).flatMap(({ manifest }) => manifest ?? [])
    const names = new Set([
      ...lineages.map(({ database }) => database),
      ...manifests.flatMap(({ databases }) => databases.map(({ name }) => name)),
    ])
    const windows: Record<string, Window[]> = {}
    for (const name of [...names].toSorted()) windows[name] = await restorableWindows(history, manifests, name)
    const damaged = [...history.damaged].map(([lineage, { message }]) => ({ lineage, problem: message }))
    return { lineages, windows, damaged, now: now.toISOString() }
  },
  text: ({ lineages, windows, damaged, now }) => {
    const parts = lineages.map((lineage) => formatLineage(lineage, new Date(now)))
    const restorable = Object.entries(windows).flatMap(([name, found]) =>
      found.map((window) => [name, formatWindow(window)] as const),
    )
    const unread = damaged.map(({ lineage, problem }) => formatFacts([['DAMAGED', `lineage ${lineage}: ${problem}`]]))
    const points = restorable.length > 0 ? ['restorable', formatFacts(restorable)].join('\n') : nothingRestorable
    return [...(lineages.length + damaged.length === 0 ? [nothingArchived] : []), ...parts, ...unread, points].join('\n\n')
  },
  failure: ({ damaged }) => (damaged.length > 0 ? 'integrity' : undefined),
})

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
    ['behind', formatBehind(live, now)],
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

function formatBehind(live: LineageStatus['live'], now: Date): string | undefined {
  if (live === null) return undefined
  if (live.behindSince === null) return 'nothing: all of the live log is archived'
  const age = now.getTime() - Date.parse(live.behindSince)
  const advice = age > longBehind ? '; see whether `holdfast archive run` runs, and what it logs' : ''
  return `${formatSize(live.behindBytes)}, the oldest ${formatDuration(age)} ago${advice}`
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
