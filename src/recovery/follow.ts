import { ancestry } from '../repository/archiveChain.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { isMadeBefore } from './backedUp.ts'
import { type Leader, pointOf } from './leader.ts'
import { isPutBackTo } from './putBack.ts'
import type { Known } from './reached.ts'
import { type Replay, replayNothing } from './replay.ts'
import { replayOn } from './replayOn.ts'
import { type Following, whereSetBack } from './setBack.ts'
import { stoodIfEarlier, isLeftAt, type Stood, whereItStood } from './stood.ts'

/** A lineage that may be followed, up to a transaction. */
interface Followable {
  lineage: string
  upTo: number
  /** Whether the database was put back to where it begins, as the leader's history shows, from where it stood. */
  putBack?: 'surely' | 'perhaps'
}

/**
 * How far another database of the set follows: to the same moment, and to its own end where the leader goes to the end of the present.
 * @throws HoldfastError `integrity` where its archived log is damaged.
 */
export async function follow(known: Known, base: ManifestDatabase, leader: Leader): Promise<Replay> {
  const { history, manifests } = known
  const point = pointOf(history, leader)
  const stood = whereItStood(history, base, leader)
  // What a backup had before that lineage began tells nothing: where the database stood is known of later.
  const later = stood ? manifests.filter((manifest) => !isMadeBefore(history, manifest, stood.lineage)) : manifests
  const following = { history, manifests: later, base, leader, point }
  const givenUp = stoodIfEarlier(base, leader, stood)
  let best = replayNothing(base)
  const ways = await waysOf(history, base, leader, givenUp)
  for (const way of ways) {
    const replay = await followOn(way, following)
    if (replay && (await isBetter(replay, best, history))) best = replay
    // Where both end alike, why one of them stops is still to be said.
    else if (replay && replay.to.id === best.to.id) best = { ...best, doubts: [...best.doubts, ...replay.doubts] }
  }
  const doubt = givenUp && doubtOf(best, ways.find(({ lineage }) => lineage === best.lineage)?.putBack, givenUp, leader)
  return doubt === undefined ? best : { ...best, doubts: [...best.doubts, doubt] }
}

/** How far one lineage takes the database; undefined where it does not go through the backup. */
async function followOn({ lineage, upTo }: Followable, following: Following): Promise<Replay | undefined> {
  const { history, base, point } = following
  const replay = await replayOn(history, base, lineage, point, upTo)
  if (!replay) return undefined
  const back = await whereSetBack({ ...replay, lineage }, following)
  if (!back) return { ...replay, bounded: replay.bounded || replay.to.id === upTo }
  const cut = await replayOn(history, base, lineage, point, Math.min(upTo, back.upTo))
  return cut && { ...cut, bounded: true, doubts: [...cut.doubts, back.doubt] }
}

/**
 * Whether a replay is taken instead of the best so far: one that goes on from the end of the other, or has something of a lineage that the other one
 * was left for, whatever the clocks say. Else ids may be smaller than those of a lineage that was left, and what comes first behind the backup may
 * have an earlier time than its end.
 */
async function isBetter(replay: Replay, best: Replay, history: ArchivedHistory): Promise<boolean> {
  if (best.lineage === undefined) return true
  if (replay.links.length === 0 || best.links.length === 0) return replay.links.length > 0
  if (isHeirOf(replay, best, history) || (await goesOnFrom(replay, best, history))) return true
  if (isHeirOf(best, replay, history) || (await goesOnFrom(best, replay, history))) return false
  return Date.parse(replay.to.commitTime) > Date.parse(best.to.commitTime)
}

/** Whether a replay has something of a lineage that the other one was left for: the one it ends in, or one on its way. */
function isHeirOf({ lineage, to }: Replay, other: Replay, history: ArchivedHistory): boolean {
  const ownWay = ancestry(other.lineage!, history.lineages)
  const onTheWay = [...ancestry(lineage!, history.lineages).keys()].filter((id) => !ownWay.has(id))
  return onTheWay.some(
    (id) => to.id > (history.lineages.get(id)?.branch?.after ?? Infinity) && history.wasLeftFor(id, other.lineage!),
  )
}

async function goesOnFrom({ lineage, to }: Replay, end: Replay, history: ArchivedHistory): Promise<boolean> {
  return to.id > end.to.id && history.goesThrough(history.chain(lineage!), end.to)
}

/** The lineages that go on from where the database stood. What was archived behind that before is what the leader's restore gave up. */
async function waysOf(
  history: ArchivedHistory,
  base: ManifestDatabase,
  leader: Leader,
  stood: Stood | undefined,
): Promise<Followable[]> {
  const all = history.lineagesOf(base).map((lineage) => ({ lineage, upTo: Number.POSITIVE_INFINITY }))
  if (!stood) return all
  const { last, isOlder } = stood
  const goingOn: Followable[] = []
  const others: Followable[] = []
  for (const way of all) {
    const { lineage } = way
    const links = history.chain(lineage)
    if (await history.goesThrough(links, last)) goingOn.push(isLeftAt(stood, lineage) ? { lineage, upTo: last.id } : way)
    // It may have gone back since to before where it stood, and on from there.
    else if (isOlder || !links.some(({ upTo }) => upTo >= last.id)) others.push(way)
  }
  if (isOlder) return [...goingOn, ...others]
  // Where it stood may not be archived yet.
  if (goingOn.length === 0) return others
  return [...goingOn, ...(await putBackFrom(goingOn, all, { history, base, leader, stood }))]
}

/** Lineages that began when the database had been put back from where it stood, as the leader went on from its own end and none of its own says so. */
async function putBackFrom(
  goingOn: readonly Followable[],
  all: readonly Followable[],
  known: { history: ArchivedHistory; base: ManifestDatabase; leader: Leader; stood: Stood },
): Promise<Followable[]> {
  const found: Followable[] = []
  for (const way of all) {
    const { lineage } = way
    if (goingOn.some((other) => other.lineage === lineage)) continue
    if (!goingOn.some((other) => known.history.wasLeftFor(lineage, other.lineage))) continue
    const isPutBack = await isPutBackTo(lineage, known)
    if (isPutBack !== false) found.push({ ...way, putBack: isPutBack ? 'surely' : 'perhaps' })
  }
  return found
}

/** What is not certain of where a database ends, as it stood elsewhere before. */
function doubtOf(replay: Replay, putBack: Followable['putBack'], stood: Stood, leader: Leader): string | undefined {
  if (putBack === 'surely') return undefined
  if (putBack === 'perhaps') return perhapsOther(replay, stood, leader)
  return shortOf(replay, stood) ?? leftOut(replay, stood, leader)
}

function perhapsOther({ database, to, lineage: own }: Replay, { last, lineage }: Stood, leader: Leader): string {
  return `${database} ends with transaction ${to.id} of ${to.commitTime} in lineage ${own}, which left the transaction ${last.id} that it stood at when lineage ${lineage} began: no archived log of ${leader.base.name} tells any more whether that was here or in a copy`
}

/** Says so where a database is not taken to where it stood, and nothing shows that it came there only after the point. */
function shortOf({ database, to, bounded }: Replay, { last, lineage, isOlder }: Stood): string | undefined {
  if (bounded || isOlder || to.id >= last.id) return undefined
  return `${database} ends with transaction ${to.id} of ${to.commitTime}, though it stood at transaction ${last.id} when lineage ${lineage} began: no archived log is known to lead there`
}

/** A moment at which the restore may not have been made yet. */
function leftOut({ database, to }: Replay, { last, lineage, after, ends }: Stood, leader: Leader): string | undefined {
  if (leader.point.kind !== 'time' || leader.replay.to.id !== after || !ends.some((end) => end.last > last.id)) return undefined
  return `${database} ends with transaction ${to.id} of ${to.commitTime}, where it stood when lineage ${lineage} began; what was archived behind that until then is left out`
}
