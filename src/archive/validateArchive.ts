import { HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { StoredSegment } from '../repository/archive.ts'
import { ArchivedHistory } from '../repository/archivedHistory.ts'
import { requireOneHistory } from '../repository/oneHistory.ts'
import type { Repository } from '../repository/repository.ts'
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

/** Reads all archived log back and verifies every transaction of it. */
export async function validateArchive(
  repository: Repository,
  { progress, signal }: { progress: ProgressListener; signal: AbortSignal },
): Promise<ArchiveVerdict> {
  const history = await ArchivedHistory.read(repository, signal)
  const total = history.segments.reduce((sum, { start, end }) => sum + end - start, 0)
  let done = 0
  const lineages: LineageVerdict[] = []
  for (const lineage of [...history.lineages.keys(), ...history.damaged.keys()].toSorted()) {
    const own = history.segments.filter((segment) => segment.lineage === lineage)
    const found: LineageVerdict = {
      lineage,
      database: history.lineages.get(lineage)?.database,
      segments: own.length,
      transactions: 0,
      logBytes: 0,
      problems: problemsOf(history, lineage, own),
    }
    for (const segment of own) {
      signal.throwIfAborted()
      const size = segment.end - segment.start
      await noting(found, async () => {
        const onTransaction = (): void => void found.transactions++
        await repository.archive.verify(segment, { signal, onTransaction })
        found.logBytes += size
      })
      progress({ phase: 'read archived log', done: (done += size), total })
    }
    lineages.push(found)
  }
  return { verdict: lineages.every(({ problems }) => problems.length === 0) ? 'good' : 'bad', lineages }
}

/** What the names of its objects and its description show. */
function problemsOf(history: ArchivedHistory, lineage: string, own: readonly StoredSegment[]): string[] {
  const problems: string[] = []
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

async function noting({ problems }: LineageVerdict, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof HoldfastError && error.code === 'integrity')) throw error
    problems.push(error.message)
  }
}
