import { HoldfastError, integrityError } from '../core/errors.ts'
import { findTransaction, placeBehind } from '../neo4j/liveLog.ts'
import { liveLogSize } from '../neo4j/liveLogSize.ts'
import type { LogRetention } from '../neo4j/logRetention.ts'
import type { StoredSegment } from '../repository/archive.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Gap, Lineage } from '../repository/lineage.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf } from '../repository/segmentName.ts'
import { type Headroom, headroomOf, logRate } from './headroom.ts'
import { missingLog, type TransactionRange } from './missingLog.ts'
import { damagedLog, type LiveLog, liveLogs, type UnarchivedLog, unarchivedLog } from './unarchivedLogs.ts'

/** How one lineage of one database stands, by what the repository holds now. */
export interface LineageStatus {
  database: string
  lineage: string
  parent: string | null
  /** The last transaction it shares with its parent. */
  branchedAfter: number | null
  segments: number
  /** Bytes of log, and of the objects that hold it. */
  logBytes: number
  storedBytes: number
  first: number | null
  last: { id: number; checksum: number; time: string } | null
  gaps: Gap[]
  /** Transactions whose segments are not there any more, though they must have been. */
  missing: TransactionRange[]
  /** Only of a lineage that the live log goes on with. */
  live: LiveStatus | null
}

/** How far the archive is behind the live log. */
export interface LiveStatus {
  /** Bytes of log that are not archived yet, and when the oldest of it was committed. */
  behindBytes: number
  behindSince: string | null
  /** How much more may be written, and for how long, before Neo4j prunes what is not archived. */
  headroom: Headroom
}

/** The data directory of the live log, and how long Neo4j keeps it. */
export interface LiveDirectory {
  dataDir: string
  retention: LogRetention
  now: Date
}

/** How the archive stands. */
export interface ArchiveStatus {
  lineages: LineageStatus[]
  /** Live logs that no lineage goes on with. */
  unarchived: UnarchivedLog[]
  /** Descriptions of lineages and markers of gaps that cannot be read, and why; of a lineage without a description nothing else can be told. */
  damaged: { lineage: string; problem: string }[]
}

/**
 * Tells how the archive stands by what the repository was just found to hold, and compares it with the live log.
 * @param directory undefined where only the repository is at hand
 */
export async function archiveStatus(
  repository: Repository,
  history: ArchivedHistory,
  directory: LiveDirectory | undefined,
  signal: AbortSignal,
): Promise<ArchiveStatus> {
  const logs = directory === undefined ? [] : await liveLogs(directory.dataDir)
  const damage = new Map<LiveLog, HoldfastError>()
  const damaged = [...history.damaged].map(([lineage, { message }]) => ({ lineage, problem: message }))
  const followed = new Set<LiveLog>()
  const found: LineageStatus[] = []
  for (const [id, lineage] of history.lineages) {
    const own = history.segments.filter((segment) => segment.lineage === id).toSorted((a, b) => a.last - b.last)
    const marked = history.gaps.filter((gap) => gap.lineage === id)
    const gaps: Gap[] = []
    for (const gap of marked) {
      const note = ({ message }: HoldfastError): void => void damaged.push({ lineage: id, problem: message })
      const read = await repository.archive.readGap(gap, { signal }).catch(noting(note))
      if (read) gaps.push(read)
    }
    let live: LiveStatus | null = null
    // An archiver goes on with none that was left for another one: `unarchivedLog` tells what becomes of a log that stands at its end.
    const wasLeft = history.heirOf(lineage, id) !== undefined
    for (const log of wasLeft ? [] : logsOf(lineage, logs)) {
      live = await behind(log.directory, own, directory!, signal).catch(noting((error) => damage.set(log, error)))
      if (!live) continue
      followed.add(log)
      break
    }
    found.push({ ...describe(lineage, own), gaps, missing: missingLog([...own, ...marked]), live })
  }
  const unarchived: UnarchivedLog[] = []
  for (const log of logs) {
    // Of a lineage that cannot be read nobody can tell where it goes on.
    const isUnknown = [...history.damaged.keys()].some((id) => rootOf(id) === log.root)
    if (followed.has(log) || isUnknown) continue
    const why = await unarchivedLog(repository, directory!.dataDir, log, signal).catch(noting((error) => damage.set(log, error)))
    if (why) unarchived.push(why)
  }
  for (const [{ database }, error] of damage) unarchived.push(damagedLog(database, error))
  return { lineages: found, unarchived, damaged }
}

/** The logs that may go on with a lineage, that of its database first: a copy of the store may lie beside it under another name. */
function logsOf({ id, database }: Lineage, logs: readonly LiveLog[]): LiveLog[] {
  const same = logs.filter(({ root }) => root === rootOf(id))
  return [...same.filter((log) => log.database === database), ...same.filter((log) => log.database !== database)]
}

/** Notes damage; any other error goes on. */
function noting(note: (error: HoldfastError) => void): (error: unknown) => null {
  return (error) => {
    note(integrityError(error))
    return null
  }
}

function describe(
  { id, database, branch }: Lineage,
  segments: readonly StoredSegment[],
): Omit<LineageStatus, 'gaps' | 'missing' | 'live'> {
  const last = segments.at(-1)
  return {
    database,
    lineage: id,
    parent: branch?.parent ?? null,
    branchedAfter: branch?.after ?? null,
    segments: segments.length,
    logBytes: segments.reduce((sum, { start, end }) => sum + end - start, 0),
    storedBytes: segments.reduce((sum, { stored }) => sum + stored, 0),
    first: segments.reduce<number | null>((first, segment) => Math.min(first ?? segment.first, segment.first), null),
    last: last ? { id: last.last, checksum: last.checksum, time: new Date(last.latest).toISOString() } : null,
  }
}

/** @returns null where the live log does not go on with this lineage. */
async function behind(
  directory: string,
  segments: readonly StoredSegment[],
  { retention, now }: LiveDirectory,
  signal: AbortSignal,
): Promise<LiveStatus | null> {
  const tip = segments.at(-1)
  if (!tip) return null
  const found = await findTransaction(directory, tip.last)
  const place = placeBehind(found, tip.checksum)
  if (!place) return null
  const { bytes, since } = await liveLogSize(directory, place, signal)
  const headroom = headroomOf(retention, { bytes, since }, logRate(segments, now.getTime()), now.getTime())
  return { behindBytes: bytes, behindSince: since === undefined ? null : new Date(since).toISOString(), headroom }
}
