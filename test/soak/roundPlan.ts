import type { Random } from '../support/workload/random.ts'

/** What happens around the backup of a round. */
export type Incident =
  /** Nothing: a hot backup. */
  | 'none'
  /** Holdfast is not told where the server answers. */
  | 'no bolt'
  /** Neo4j gets SIGKILL while the backup runs, and starts again at once. */
  | 'kill neo4j'
  /** The backup gets SIGKILL, and is taken again. */
  | 'kill holdfast'
  /** Neo4j is stopped and backed up with --offline. */
  | 'offline'

/** A round, decided before it begins. */
export interface RoundPlan {
  number: number
  incident: Incident
  encrypted: boolean
  /** Milliseconds of writing before the backup begins. */
  lead: number
  /**
   * Seconds that reading the store is stretched to by a rate limit, or 0 for as fast as it goes. A small store is else read in an
   * instant, in which no checkpoint, rotation or pruning falls; a copy made in the wrong order would then pass.
   */
  copySeconds: number
  /** Milliseconds from the start of the backup to the kill. */
  killAfter: number
  /** Whether every backup of the repository is read back and checked afterwards. */
  validate: boolean
}

/** The first rounds bring one incident each, so that a short soak meets all of them; then chance decides. */
const first: readonly Incident[] = ['none', 'kill neo4j', 'kill holdfast', 'offline', 'no bolt']

export function planRound(random: Random, number: number): RoundPlan {
  const incident =
    first[number - 1] ??
    random.weighted<Incident>({ none: 40, 'no bolt': 10, 'kill neo4j': 20, 'kill holdfast': 15, offline: 15 })
  return {
    number,
    incident,
    encrypted: number === 2 || random.chance(0.35),
    lead: random.between(500, 6000),
    copySeconds: random.chance(0.8) ? random.between(2, 6) : 0,
    killAfter: random.between(200, 6000),
    validate: random.chance(0.25),
  }
}
