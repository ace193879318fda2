/** What a soak of the archive has done so far. */
export interface ArchiveTally {
  rounds: number
  killsOfArchiver: number
  killsOfNeo4j: number
  /** Comparisons of the whole archive with the whole log, and the transactions compared. */
  comparisons: number
  transactionsCompared: number
  markers: number
  segments: number
  restores: number
  failures: number
}

export function emptyArchiveTally(): ArchiveTally {
  return {
    rounds: 0,
    killsOfArchiver: 0,
    killsOfNeo4j: 0,
    comparisons: 0,
    transactionsCompared: 0,
    markers: 0,
    segments: 0,
    restores: 0,
    failures: 0,
  }
}

/** The numbers, one a line. */
export function archiveTallyText(tally: ArchiveTally): string {
  return Object.entries(tally)
    .map(([name, count]) => `${String(count).padStart(12)}  ${name}`)
    .join('\n')
}
