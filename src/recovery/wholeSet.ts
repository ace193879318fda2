import { ifDamaged, integrityError } from '../core/errors.ts'
import { linkAt } from '../repository/archiveChain.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import type { BackedUp } from './backedUp.ts'
import { follow } from './follow.ts'
import type { Leader } from './leader.ts'
import { isReached, type Known } from './reached.ts'
import { type Replay, replayNothing } from './replay.ts'
import { isLeftAt, type Stood, whereItStood } from './stood.ts'

/** A backup, and how far each of its databases is taken to the point. */
export interface WholeSet {
  manifest: Manifest
  /** That of the database wished for first. */
  replays: Replay[]
  /** What is not certain of the others, in sentences. */
  doubts: string[]
}

/** A way of the database wished for, perhaps to the same transaction. */
export interface WayOn extends BackedUp {
  /** Undefined where it does not lead there. */
  replay: () => Promise<Replay | undefined>
}

/**
 * All databases of a backup, taken to the point. Log takes nothing away: where another database of the backup has gone past the point, an
 * earlier backup is taken that leads to the same with certainty, and only where there is none this one, which is told.
 */
export async function planSet(leader: Leader, ways: readonly WayOn[], known: Known): Promise<WholeSet> {
  const { history } = known
  const set = await followAll(known, leader)
  const past = await pastPoint(history, leader)
  if (past.length === 0) return set
  const { id, checksum } = leader.replay.to
  for (const way of ways) {
    const other = { ...leader, manifest: way.manifest, base: way.base }
    if (way.manifest === leader.manifest || (await pastPoint(history, other)).length > 0) continue
    const earlier = await followAll(known, other)
    const sure = await Promise.all(
      set.replays.slice(1).map(async (follower) => isSure(follower, earlier, { leader, other, known })),
    )
    if (sure.includes(false)) continue
    // Read only where the others lead there, as it is far the most. Damage on another way hinders nothing.
    const replay = await way.replay().catch(ifDamaged(undefined))
    if (replay?.to.id === id && replay.to.checksum === checksum)
      return { ...earlier, replays: [replay, ...earlier.replays.slice(1)] }
  }
  return { ...set, doubts: [...set.doubts, ...past] }
}

/** The set of a leader, where each other database of its backup follows as far as its archived log can be read. */
async function followAll(known: Known, leader: Leader): Promise<WholeSet> {
  const { manifest } = leader
  const set: WholeSet = { manifest, replays: [leader.replay], doubts: [] }
  for (const base of manifest.databases) {
    if (base.name === leader.base.name) continue
    const replay = await follow(known, base, leader).catch((error: unknown) => {
      const { message } = integrityError(error)
      set.doubts.push(`${base.name} stays as it is in the backup, as its archived log is damaged: ${message}`)
      return replayNothing(base)
    })
    set.replays.push(replay)
  }
  return set
}

/** The databases of a backup that have gone past the point, in sentences. */
async function pastPoint(history: ArchivedHistory, leader: Leader): Promise<string[]> {
  const { point, manifest, base: own } = leader
  const found: string[] = []
  for (const base of manifest.databases) {
    if (base.name === own.name) continue
    const { id, commitTime } = base.lastTransaction
    const said = `${base.name} ends with transaction ${id} of ${commitTime}, as backup ${manifest.id} has it`
    const stood = whereItStood(history, base, leader)
    // Whatever the clocks say.
    if (stood && (await isGivenUp(history, base, own, stood)))
      found.push(`${said}, though it stood at transaction ${stood.last.id} when lineage ${stood.lineage} began`)
    else if (point.kind === 'time' && Date.parse(commitTime) > point.time.getTime())
      found.push(`${said}, which is after the moment`)
  }
  return found
}

/** Whether the backup is of before a lineage of the leader began, and has what the other database had not got any more then. */
async function isGivenUp(
  history: ArchivedHistory,
  base: ManifestDatabase,
  own: ManifestDatabase,
  { after, last }: Stood,
): Promise<boolean> {
  const end = base.lastTransaction
  if (own.lastTransaction.id > after) return false
  if (end.id >= last.id) return end.id > last.id || end.checksum !== last.checksum
  // It may have gone on since, to where it stood.
  let isKnown = false
  for (const lineage of history.lineagesOf(base)) {
    const links = history.chain(lineage)
    if (!(await history.goesThrough(links, last).catch(ifDamaged(true)))) continue
    if (await history.goesThrough(links, end).catch(ifDamaged(true))) return false
    isKnown ||= linkAt(links, end.id) !== undefined
  }
  return isKnown
}

/** What is compared: the leader on its own backup, and on an earlier one. */
interface Earlier {
  leader: Leader
  other: Leader
  known: Known
}

/** Whether an earlier backup takes a database to where the leader's does, to where it stood if that one has what was given up, or has all that was committed up to the point. */
async function isSure({ database, to }: Replay, { replays }: WholeSet, { leader, other, known }: Earlier): Promise<boolean> {
  const replay = replays.find((each) => each.database === database)
  const [own, base] = [databaseOf(leader, database), databaseOf(other, database)]
  if (!own || !base || !replay) return false
  if (replay.to.id === to.id && replay.to.checksum === to.checksum) return true
  const stood = whereItStood(known.history, base, other)
  const isWhereItStood = stood !== undefined && replay.to.id >= stood.last.id
  if (isWhereItStood && (await isGivenUp(known.history, own, leader.base, stood))) return true
  const { point } = leader
  if (point.kind !== 'time') return replay.bounded || isWhereItStood
  // Where a lineage was left for one of which nothing is archived, what came up to the moment may be in that one.
  const isLeft = isWhereItStood && replay.to.id === stood.last.id && isLeftAt(stood, replay.lineage)
  return isReached(isLeft ? { ...replay, bounded: false } : replay, point, base, known)
}

function databaseOf({ manifest }: Leader, database: string): ManifestDatabase | undefined {
  return manifest.databases.find(({ name }) => name === database)
}
