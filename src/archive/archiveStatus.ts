import { HoldfastError } from '../core/errors.ts'
import { listDatabases, logDirectory } from '../neo4j/dataDirectory.ts'
import { findTransaction, placeBehind, readLogHeaders } from '../neo4j/liveLog.ts'
import { liveLogSize } from '../neo4j/liveLogSize.ts'
import type { StoredSegment } from '../repository/archive.ts'
import type { Gap, Lineage } from '../repository/lineage.ts'
import type { Repository } from '../repository/repository.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'

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
  /** Only of a lineage that the live log goes on with. */
  live: LiveStatus | null
}

/** How far the archive is behind the live log. */
export interface LiveStatus {
  /** Bytes of log that are not archived yet, and when the oldest of it was committed. */
  behindBytes: number
  behindSince: string | null
}

/**
 * Tells how the archive stands: what the repository holds is listed, not remembered, and compared with the live log.
 * @param dataDir undefined where only the repository is at hand
 */
export async function archiveStatus(
  repository: Repository,
  dataDir: string | undefined,
  signal: AbortSignal,
): Promise<LineageStatus[]> {
  const { archive } = repository
  const { segments, lineages, gaps } = await archive.list({ signal })
  const live = dataDir === undefined ? new Map<string, string>() : await liveRoots(dataDir)
  const found: LineageStatus[] = []
  for (const id of lineages) {
    const lineage = await archive.readLineage(id, { signal })
    const own = segments.filter((segment) => segment.lineage === id).toSorted((a, b) => a.last - b.last)
    const ownGaps: Gap[] = []
    for (const gap of gaps) if (gap.lineage === id) ownGaps.push(await archive.readGap(gap, { signal }))
    const directory = live.get(rootOf(id))
    found.push({
      ...describe(lineage, own),
      gaps: ownGaps,
      live: directory === undefined ? null : await behind(directory, own.at(-1)),
    })
  }
  return found
}

function describe({ id, database, branch }: Lineage, segments: readonly StoredSegment[]): Omit<LineageStatus, 'gaps' | 'live'> {
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
async function behind(directory: string, tip: StoredSegment | undefined): Promise<LiveStatus | null> {
  if (!tip) return null
  const found = await findTransaction(directory, tip.last)
  const place = placeBehind(found, tip.checksum)
  if (!place) return null
  const { bytes, since } = await liveLogSize(directory, place)
  return { behindBytes: bytes, behindSince: since === undefined ? null : new Date(since).toISOString() }
}

async function liveRoots(dataDir: string): Promise<Map<string, string>> {
  const roots = new Map<string, string>()
  for (const database of await listDatabases(dataDir)) {
    const directory = logDirectory(dataDir, database)
    try {
      roots.set(rootLineage((await readLogHeaders(directory)).at(-1)!.storeId), directory)
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'neo4j-unavailable')) throw error
    }
  }
  return roots
}
