/** What a soak has done so far. */
export interface Tally {
  rounds: number
  backups: number
  /** Backups that ended with a clear refusal while Neo4j was being killed, and were taken again. */
  refusals: number
  restores: number
  /** Operations of the writers and steps of the schema client, as far as they were acknowledged. */
  transactions: number
  /** Of the logs of the restored databases, to their last byte. */
  transactionsDecoded: number
  entitiesCompared: number
  propertiesCompared: number
  /** Questions answered through an index or by the counts Neo4j keeps. */
  questionsAsked: number
  /** While a backup was running, and in all. */
  checkpointsMet: number
  checkpoints: number
  killsOfNeo4j: number
  killsOfHoldfast: number
  failures: number
}

export function emptyTally(): Tally {
  return {
    rounds: 0,
    backups: 0,
    refusals: 0,
    restores: 0,
    transactions: 0,
    transactionsDecoded: 0,
    entitiesCompared: 0,
    propertiesCompared: 0,
    questionsAsked: 0,
    checkpointsMet: 0,
    checkpoints: 0,
    killsOfNeo4j: 0,
    killsOfHoldfast: 0,
    failures: 0,
  }
}

/** The numbers, one a line. */
export function tallyText(tally: Tally): string {
  const lines: [string, number][] = [
    ['rounds', tally.rounds],
    ['backups', tally.backups],
    ['backups refused while Neo4j was killed', tally.refusals],
    ['restores', tally.restores],
    ['transactions', tally.transactions],
    ['transactions decoded in restored logs', tally.transactionsDecoded],
    ['entities compared', tally.entitiesCompared],
    ['properties compared', tally.propertiesCompared],
    ['questions to indexes and counts', tally.questionsAsked],
    ['checkpoints', tally.checkpoints],
    ['checkpoints while a backup ran', tally.checkpointsMet],
    ['kills of Neo4j', tally.killsOfNeo4j],
    ['kills of Holdfast', tally.killsOfHoldfast],
    ['failures', tally.failures],
  ]
  return lines.map(([name, count]) => `${String(count).padStart(12)}  ${name}`).join('\n')
}
