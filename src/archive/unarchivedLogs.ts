import { HoldfastError } from '../core/errors.ts'
import { listDatabases, logDirectory } from '../neo4j/dataDirectory.ts'
import { readLogHeaders } from '../neo4j/liveLog.ts'
import { liveLogSize } from '../neo4j/liveLogSize.ts'
import type { Repository } from '../repository/repository.ts'
import { rootLineage } from '../repository/segmentName.ts'
import { locate } from './locate.ts'
import type { TransactionRange } from './missingLog.ts'

/** The log of a database in a data directory. */
export interface LiveLog {
  database: string
  directory: string
  /** The lineage of its store that has no parent. */
  root: string
}

/** A live log that no archived lineage goes on with. */
export interface UnarchivedLog {
  database: string
  /**
   * `new`: nothing of the store is archived. `branched`: it has left a lineage, and nothing behind that is archived. `pruned`: it went on
   * with a lineage, and what comes next there is not in the log any more, nor marked as a gap. `foreign`: it has nothing in common with what
   * is archived of that store. `damaged`: it cannot be read up to its end.
   */
  state: 'new' | 'branched' | 'pruned' | 'foreign' | 'damaged'
  /** The lineage that it left or went on with, and the last archived transaction that is in both. */
  lineage: string | null
  after: number | null
  /** What was pruned and is not archived. */
  lost: TransactionRange | null
  /** Bytes of it that are there and not archived, where that can be told, and when the oldest of it was committed. */
  behindBytes: number | null
  behindSince: string | null
  problem: string | null
}

/** The logs of a data directory, as far as Neo4j has made them. */
export async function liveLogs(dataDir: string): Promise<LiveLog[]> {
  const logs: LiveLog[] = []
  for (const database of await listDatabases(dataDir)) {
    const directory = logDirectory(dataDir, database)
    try {
      logs.push({ database, directory, root: rootLineage((await readLogHeaders(directory)).at(-1)!.storeId) })
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'neo4j-unavailable')) throw error
    }
  }
  return logs
}

/** Says why the archive does not go on with a live log; undefined where it does by now. */
export async function unarchivedLog(
  repository: Repository,
  dataDir: string,
  { database, directory }: LiveLog,
  signal: AbortSignal,
): Promise<UnarchivedLog | undefined> {
  const { place, lineage, branch, gap, segments } = await locate(repository, dataDir, database, signal)
  const { bytes, since } = await liveLogSize(directory, place, signal)
  const behindSince = since === undefined ? null : new Date(since).toISOString()
  const facts = { database, lineage: null, after: null, lost: null, behindBytes: bytes, behindSince, problem: null }
  if (lineage !== undefined && gap) return { ...facts, state: 'pruned', lineage, after: gap.first - 1, lost: gap }
  if (lineage !== undefined) return segments.length > 0 ? undefined : { ...facts, state: 'new' }
  if (!branch) return { ...facts, state: 'foreign' }
  return { ...facts, state: 'branched', lineage: branch.parent, after: branch.after }
}

/** The log of a database that is damaged. */
export function damagedLog(database: string, { message }: HoldfastError): UnarchivedLog {
  const unknown = { lineage: null, after: null, lost: null, behindBytes: null, behindSince: null }
  return { database, state: 'damaged', ...unknown, problem: message }
}
