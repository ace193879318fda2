import { HoldfastError, integrityError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import { holds, type StoredSegment } from '../repository/archive.ts'
import { ArchivedHistory } from '../repository/archivedHistory.ts'
import { requireOneHistory, twoHistories } from '../repository/oneHistory.ts'
import type { Repository } from '../repository/repository.ts'
import { gapName } from '../repository/segmentName.ts'
import type { Transaction } from '../txlog/transaction.ts'
import { missingLog } from './missingLog.ts'

/** What reading a lineage back has shown. */
export interface LineageVerdict {
  lineage: string
  /** Undefined where its description cannot be read. */
  database: string | undefined
  segments: number
  /** Transactions read and verified; those in two segments count twice. */
  transactions: number
  /** Bytes of log. */
  logBytes: number
  /** What is damaged or missing, in sentences; a gap that is marked was never archived and is none. */
  problems: string[]
}

/** What reading all of the archive back has shown. */
export interface ArchiveVerdict {
  verdict: 'good' | 'bad'
  lineages: LineageVerdict[]
}

/** An object that cannot be read, and how to tell whether it is there by now. */
interface Damage {
  problem: string
  isIn: (history: ArchivedHistory) => boolean
}

/** Reads all archived log back and verifies every transaction of it. What a delete frees meanwhile is no damage. */
export async function validateArchive(
  repository: Repository,
  { progress, signal }: { progress: ProgressListener; signal: AbortSignal },
): Promise<ArchiveVerdict> {
  const history = await ArchivedHistory.read(repository, signal)
  const total = history.segments.reduce((sum, { start, end }) => sum + end - start, 0)
  let done = 0
  const lineages: LineageVerdict[] = []
  const damage = new Map<LineageVerdict, Damage[]>()
  for (const lineage of [...history.lineages.keys(), ...history.damaged.keys()].toSorted()) {
    const own = history.segments.filter((segment) => segment.lineage === lineage)
    const database = history.lineages.get(lineage)?.database
    const found: LineageVerdict = { lineage, database, segments: own.length, transactions: 0, logBytes: 0, problems: [] }
    const damaged: Damage[] = []
    let parting: StoredSegment | undefined
    for (const segment of own) {
      signal.throwIfAborted()
      const size = segment.end - segment.start
      const problem = await problemOf(async () => {
        const onTransaction = (transaction: Transaction): void => {
          found.transactions++
          parting ??= history.partingAt(lineage, transaction)
        }
        await repository.archive.verify(segment, { signal, onTransaction })
        found.logBytes += size
      })
      if (problem !== undefined) damaged.push({ problem, isIn: (now) => now.segments.some((other) => holds(other, segment)) })
      progress({ phase: 'read archived log', done: (done += size), total })
    }
    for (const gap of history.gaps.filter((marked) => marked.lineage === lineage)) {
      const problem = await problemOf(async () => repository.archive.readGap(gap, { signal }))
      if (problem !== undefined)
        damaged.push({ problem, isIn: (now) => now.gaps.some((other) => gapName(other) === gapName(gap)) })
    }
    if (parting) damaged.push({ problem: twoHistories(parting).message, isIn: () => true })
    lineages.push(found)
    damage.set(found, damaged)
  }
  const now = await ArchivedHistory.read(repository, signal)
  for (const [{ lineage, problems }, damaged] of damage) {
    const isKnown = now.lineages.has(lineage)
    const remaining = damaged.filter(({ isIn }) => !isKnown || isIn(now))
    problems.push(...new Set([...problemsOf(now, lineage), ...remaining.map(({ problem }) => problem)]))
  }
  return { verdict: lineages.every(({ problems }) => problems.length === 0) ? 'good' : 'bad', lineages }
}

/** What the names of its objects and its description show. */
function problemsOf(history: ArchivedHistory, lineage: string): string[] {
  const problems: string[] = []
  const own = history.segments.filter((segment) => segment.lineage === lineage)
  const damaged = history.damaged.get(lineage)
  if (damaged) problems.push(damaged.message)
  const known = [...own, ...history.gaps.filter((gap) => gap.lineage === lineage)]
  for (const { first, last } of missingLog(known))
    problems.push(`transactions ${first} to ${last} are in no segment any more: something removed it`)
  try {
    requireOneHistory(own)
  } catch (error) {
    problems.push((error as HoldfastError).message)
  }
  return problems
}

async function problemOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return integrityError(error).message
  }
}
