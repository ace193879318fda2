import { type ErrorCode, exitCodes } from '../core/errors.ts'
import { formatTable } from './table.ts'

/** What each kind of failure means, for help and the reference page. */
const exitCodeMeanings: Readonly<Record<ErrorCode, string>> = {
  failed: 'failed for another reason',
  usage: 'wrong usage or configuration; nothing was done',
  'neo4j-unavailable': 'Neo4j or its files are unavailable',
  integrity: 'a checksum or a chain does not hold',
  repository: 'the repository is unavailable, full or refused the request',
  validation: 'a validation or a drill failed',
  refused: 'refused: locked, unsafe without a confirmation, or not as safe as was asked for',
  interrupted: 'interrupted by a signal',
}

export interface ExitCodeRow {
  status: number
  /** The `code` of an error printed with --json; `done` is none. */
  code: ErrorCode | 'done'
  meaning: string
}

/** All exit codes, or those of the given kinds, with 0 first. */
export function exitCodeRows(codes: readonly ErrorCode[] = Object.keys(exitCodes) as ErrorCode[]): ExitCodeRow[] {
  const failures = codes.map((code) => ({ status: exitCodes[code], code, meaning: exitCodeMeanings[code] }))
  return [
    { status: 0, code: 'done' as const, meaning: 'done, or nothing to do' },
    ...failures.toSorted((a, b) => a.status - b.status),
  ]
}

/** The exit codes as a table for a terminal. */
export function formatExitCodes(rows: readonly ExitCodeRow[]): string {
  return formatTable(rows, [
    { title: 'status', value: ({ status }) => String(status), align: 'right' },
    { title: 'code', value: ({ code }) => code },
    { title: 'meaning', value: ({ meaning }) => meaning },
  ])
}
