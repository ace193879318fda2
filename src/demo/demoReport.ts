import type { GraphCounts } from '../neo4j/graphCounts.ts'
import type { RestoreReport } from '../recovery/restore.ts'
import type { FoundMistake, Mistake } from './mistake.ts'
import type { RestoredNotes } from './restoredNotes.ts'

/** What the demo saw; the verdict is good only if every part of it is. */
export interface DemoReport {
  verdict: 'good' | 'bad'
  neo4j: string
  /** Present where everything was left to look at. */
  directory?: string
  backups: { id: string; size: number; storedBytes: number; milliseconds: number; lastTransaction: number }[]
  /** Numbered writes: confirmed before the restored backup began, begun before it ended, confirmed when the database was destroyed. */
  writes: { confirmedBefore: number; begunAfter: number; confirmedAtEnd: number; restored: RestoredNotes }
  counts: { destroyed: GraphCounts; restored: GraphCounts }
  restore: Pick<RestoreReport, 'verdict' | 'checks' | 'durations' | 'files'>
  /** Someone deleted every node of a label after the second backup: how the archived log shows it, and what is back from just before it. */
  mistake: Mistake & {
    found: FoundMistake | null
    restored: RestoredNotes
    restore: Pick<RestoreReport, 'verdict' | 'checks' | 'durations'> | null
  }
}

/** What counts of all that the demo saw. */
interface Judged {
  writes: DemoReport['writes']
  restore: Pick<DemoReport['restore'], 'verdict'>
  mistake: Omit<DemoReport['mistake'], 'restore'> & { restore: Pick<RestoreReport, 'verdict'> | null }
}

/** Good where the restore passed its checks and holds each write it must hold and no other, and the mistake was found and undone. */
export function demoVerdict({ writes, restore, mistake }: Judged): DemoReport['verdict'] {
  return restore.verdict === 'good' && holdsExactly(writes) && isUndone(mistake) ? 'good' : 'bad'
}

/** Nothing confirmed before the backup began may be missing, nothing may be there that was not begun when it ended, and no gap in between. */
function holdsExactly({ confirmedBefore, begunAfter, restored: { count, last } }: Judged['writes']): boolean {
  return count === last && last >= confirmedBefore && last <= begunAfter
}

/** All that was written before is back, and none of the deletion. */
function isUndone({ deleted, writtenBefore, found, restored, restore: undone }: Judged['mistake']): boolean {
  const isThere = restored.count === writtenBefore && restored.last === writtenBefore
  return found?.deleted === deleted && undone?.verdict === 'good' && isThere
}
