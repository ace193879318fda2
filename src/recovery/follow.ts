import { ancestry } from '../repository/archiveChain.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { OtherDatabase } from '../repository/lineage.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage } from '../repository/segmentName.ts'
import { type Leader, lineageOf, pointOf } from './leader.ts'
import { type Replay, replayNothing } from './replay.ts'
import { replayOn } from './replayOn.ts'

/** A lineage that may be followed, up to a transaction. */
interface Followable {
  lineage: string
  upTo: number
}

/**
 * How far another database of the set follows: to the same moment, and to its own end where the leader goes to the end of the present.
 * @throws HoldfastError `integrity` where its archived log is damaged.
 */
export async function follow(history: ArchivedHistory, base: ManifestDatabase, leader: Leader): Promise<Replay> {
  const point = pointOf(history, leader)
  let best = replayNothing(base)
  for (const { lineage, upTo } of await waysOf(history, base, giveUpOf(history, base, leader))) {
    const replay = await replayOn(history, base, lineage, point, upTo)
    if (replay && isBetter(replay, best)) best = { ...replay, bounded: replay.bounded || replay.to.id === upTo }
  }
  return best
}

/** Ids may be smaller than those of a lineage that was left, and what comes first behind the backup may have an earlier time than its end. */
function isBetter(replay: Replay, best: Replay): boolean {
  if (best.lineage === undefined) return true
  if (replay.links.length === 0 || best.links.length === 0) return replay.links.length > 0
  return Date.parse(replay.to.commitTime) > Date.parse(best.to.commitTime)
}

/** Where another database stood when the leader began a lineage behind that transaction. */
export interface StandingAtBranch extends OtherDatabase {
  lineage: string
  after: number
}

/** Where another database stood when the leader began the lineage it is restored to; undefined where that is not known. */
export function standingBeside(
  history: ArchivedHistory,
  { storeId }: ManifestDatabase,
  leader: Leader,
): StandingAtBranch | undefined {
  const lineage = lineageOf(history, leader)
  if (lineage === undefined) return undefined
  const { lineages } = history
  const root = rootLineage(storeId)
  for (const id of ancestry(lineage, lineages).keys()) {
    const { branch, others } = lineages.get(id) ?? {}
    if (!branch || branch.after > leader.replay.to.id) continue
    const standing = others?.find((other) => other.root === root)
    return standing && { ...standing, lineage: id, after: branch.after }
  }
  return undefined
}

/** Where the log of another database parts that the leader's restore gave up; undefined where the backup is of later already, and its own end tells. */
function giveUpOf(history: ArchivedHistory, base: ManifestDatabase, leader: Leader): StandingAtBranch | undefined {
  const standing = standingBeside(history, base, leader)
  if (!standing) return undefined
  const isLater = leader.base.lastTransaction.id > standing.after && base.lastTransaction.id > standing.last.id
  return isLater ? undefined : standing
}

/** Whether a lineage was archived further than the database stood then. */
export function isLeftAt({ last, ends }: OtherDatabase, lineage: string | undefined): boolean {
  return ends.some((end) => end.lineage === lineage && end.last > last.id)
}

/** The lineages that go on from where the database stood. What was archived behind that before is what the leader's restore gave up. */
async function waysOf(
  history: ArchivedHistory,
  base: ManifestDatabase,
  standing: OtherDatabase | undefined,
): Promise<Followable[]> {
  const all = history.lineagesOf(base).map((lineage) => ({ lineage, upTo: Number.POSITIVE_INFINITY }))
  if (!standing) return all
  const { last } = standing
  const goingOn: Followable[] = []
  const shorter: Followable[] = []
  for (const way of all) {
    const { lineage } = way
    const links = history.chain(lineage)
    if (await history.goesThrough(links, last)) goingOn.push(isLeftAt(standing, lineage) ? { lineage, upTo: last.id } : way)
    else if (!links.some(({ upTo }) => upTo >= last.id)) shorter.push(way)
  }
  // Where it stood may not be archived yet.
  return goingOn.length > 0 ? goingOn : shorter
}
