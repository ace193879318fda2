import type { Clock } from '../core/clock.ts'
import type { ProgressListener } from '../core/progress.ts'
import { archivedLog } from '../history/archivedLog.ts'
import { showLog } from '../history/showLog.ts'
import type { Graph } from '../neo4j/graph.ts'
import type { Installation } from '../neo4j/installation.ts'
import { planPointInTime } from '../recovery/pointInTimePlan.ts'
import { restore, type RestoreReport } from '../recovery/restore.ts'
import type { Repository } from '../repository/repository.ts'

/** The label whose nodes someone deletes. */
const label = 'Note'

/** A mistake, as whoever made it knows it. */
export interface Mistake {
  /** How many nodes were deleted, and how many numbered writes there were just before. */
  deleted: number
  writtenBefore: number
}

/** Someone deletes every node of a label, as happens. */
export async function makeMistake(graph: Graph, writtenBefore: number): Promise<Mistake> {
  const query = `MATCH (note:${label}) DETACH DELETE note RETURN count(*) AS deleted`
  const [row] = await graph.query<{ deleted: bigint }>(query, {}, { write: true })
  return { deleted: Number(row!.deleted), writtenBefore }
}

/** The transaction that was the mistake, as the archived log shows it. */
export interface FoundMistake {
  label: string
  deleted: number
  transaction: number
  committed: string
}

/**
 * Finds the transaction that deleted the nodes: the one of all that deleted a node of the label that deleted most.
 * @returns undefined where none did.
 */
export async function findMistake(
  repository: Repository,
  signal: AbortSignal,
  progress: ProgressListener,
): Promise<FoundMistake | undefined> {
  const source = await archivedLog(repository, { database: 'neo4j', signal })
  const criteria = { label, operation: 'delete' } as const
  const { transactions } = await showLog(source, { criteria, limit: 1000, details: false, progress })
  const [largest] = transactions.toSorted((a, b) => (b.matching ?? 0) - (a.matching ?? 0))
  return largest && { label, deleted: largest.matching ?? 0, transaction: largest.id, committed: largest.committed }
}

interface UndoOptions {
  target: string
  installation: Installation
  clock: Clock
  progress: ProgressListener
  signal: AbortSignal
}

/** Restores to just before a transaction. */
export async function restoreBefore(repository: Repository, transaction: number, options: UndoOptions): Promise<RestoreReport> {
  const { target, installation, clock, progress, signal } = options
  const point = { kind: 'transaction', id: transaction - 1 } as const
  const { manifest, replays } = await planPointInTime(repository, { point, database: 'neo4j', signal })
  return restore(repository, manifest, {
    target,
    replays,
    staging: async () => Promise.resolve(installation),
    clock,
    progress,
    signal,
  })
}
