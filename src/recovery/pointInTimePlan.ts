import { HoldfastError, ifDamaged } from '../core/errors.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { coverFrom } from '../repository/archiveChain.ts'
import { ArchivedHistory, byStanding, type Standing } from '../repository/archivedHistory.ts'
import { isArchived } from './aloneBackups.ts'
import { type BackedUp, isAhead } from './backedUp.ts'
import { requireOnePresent } from './presentHistories.ts'
import { isReached, type Known } from './reached.ts'
import { type Replay, replayNothing } from './replay.ts'
import { replayOn, wantedUpTo } from './replayOn.ts'
import { describePoint, type RestorePoint } from './restorePoint.ts'
import { planSet } from './wholeSet.ts'
import { backupWindows, certain, describeWindows, joined } from './windows.ts'

/** What restoring to a point takes: a backup and the archived log behind it, both read and verified. */
export interface PointInTimePlan {
  point: RestorePoint
  /** The database that the point is of; the others follow it to the same moment. */
  database: string
  manifest: Manifest
  replays: Replay[]
  /** Backups that were not considered, as their manifests cannot be read. */
  damaged: string[]
  /** What the restored databases may lack, in sentences for the operator. */
  doubts: string[]
}

interface Wish {
  point: RestorePoint
  database: string
  /** The lineage to restore; unless given the one that all others were left for, and never one of several that went on side by side. */
  lineage?: string | undefined
  signal: AbortSignal
}

/** What a plan was made of. */
interface Planned {
  history: ArchivedHistory
  wish: Wish
  manifest: Manifest
}

/** A way to the point: a backup, and a lineage whose chain may go through it; none for the backup alone. */
interface Way extends BackedUp, Omit<Standing, 'lineage'> {
  lineage: string | undefined
}

/**
 * Finds the newest backup that is not after the point, or an earlier one where another database of it has gone past the point, and the
 * archived log from there to it.
 * @throws HoldfastError `refused` for a point that cannot be restored, with the nearest ones that can, and where several histories could be
 * meant, `integrity` for a damaged archive.
 */
export async function planPointInTime(repository: Repository, wish: Wish): Promise<PointInTimePlan> {
  const { point, database, signal } = wish
  const history = await ArchivedHistory.read(repository, signal)
  if (wish.lineage !== undefined) history.requireFollowable(wish.lineage)
  const listed = await repository.listBackups({ signal })
  const manifests = listed.flatMap(({ manifest }) => manifest ?? [])
  const known = { history, manifests, chosen: wish.lineage !== undefined }
  const damaged = listed.flatMap(({ id, error }) => (error ? [id] : []))
  const ways = waysTo(history, manifests, wish)
  const replayAlong = async ({ base, lineage }: Way): Promise<Replay | undefined> => {
    const replay = mayReach(point, base, lineage, known) ? await replayOn(history, base, lineage, point) : undefined
    return replay && isReached(replay, point, base, known) ? replay : undefined
  }
  const waysOn = ways.map((way) => ({ ...way, replay: async () => replayAlong(way) }))
  for (const way of ways) {
    const { manifest, base, lineage, latest } = way
    const replay = await replayAlong(way)
    // Its own time says nothing where it is in a lineage: a clock may have been ahead.
    if (!replay || (lineage === undefined && (await isInLineage(history, base, point)))) continue
    if (wish.lineage === undefined) history.requireReadable(base, latest)
    const older =
      wish.lineage === undefined ? await requireOnePresent(replay, way, { point, history, manifests, repository, signal }) : []
    const set = await planSet({ replay, manifest, base, point }, waysOn, known)
    const left = [...history.damaged].map(([id, { message }]) => `lineage ${id} is not considered: ${message}`)
    const planned = { history, wish, manifest: set.manifest }
    const own = set.replays.flatMap((each) => [...each.doubts, ...doubtOfHeir(each, planned), ...doubtsOf(each, planned)])
    const doubts = [...left, ...older, ...set.doubts, ...own]
    return { point, database, manifest: set.manifest, replays: set.replays, damaged, doubts }
  }
  const bases = manifests.flatMap(({ databases }) => databases).filter(({ name }) => name === database)
  if (wish.lineage === undefined) for (const base of bases) history.requireReadable(base)
  const windows = joined(certain(await backupWindows(history, manifests, database)))
  const chosen = windows.filter(({ lineage }) => lineage !== undefined && lineage === wish.lineage)
  throw new HoldfastError('refused', `${database} cannot be restored to ${describePoint(point)} from ${repository.location}`, {
    hint: describeWindows(chosen.length > 0 ? chosen : windows, point),
  })
}

/** Whether a backup is no way by itself, as a lineage goes through it. For a point at which it ends, it is one where the log that tells is damaged. */
async function isInLineage(history: ArchivedHistory, base: ManifestDatabase, { kind }: RestorePoint): Promise<boolean> {
  const isIn = isArchived(history, base)
  return kind === 'latest' ? isIn : isIn.catch(ifDamaged(false))
}

/** Those with the latest history first, a lineage before the one that it left, and among these those with the least log to replay. */
function waysTo(history: ArchivedHistory, manifests: readonly Manifest[], { point, database, lineage: only }: Wish): Way[] {
  const wanted = wantedUpTo(point)
  const ways: Way[] = []
  for (const manifest of manifests) {
    const base = manifest.databases.find(({ name }) => name === database)
    if (!base) continue
    const { id, commitTime } = base.lastTransaction
    if (!wanted({ id, commitTime: Date.parse(commitTime) })) continue
    const standings = history.standingsOf(base)
    const latest = Date.parse(commitTime)
    // Where a lineage leads to the point, no clock makes a backup another one. The latest may be in either: a backup that ends within the
    // very millisecond of the archive's end is of what came behind it.
    const alone = { lineage: undefined, latest, ...placeAlone(history, { manifest, base, standings }, point) }
    for (const standing of [...standings, alone]) ways.push({ manifest, base, ...standing })
  }
  return ways
    .filter(({ lineage }) => only === undefined || lineage === only)
    .toReversed()
    .toSorted((a, b) => byStanding(a, b) || b.base.lastTransaction.id - a.base.lastTransaction.id)
}

/** Behind the lineages; but one that is ahead of all that are in use comes before what was left for these. */
function placeAlone(
  history: ArchivedHistory,
  { standings, ...backup }: BackedUp & { standings: readonly Standing[] },
  point: RestorePoint,
): Pick<Standing, 'standing' | 'rank'> {
  const { base } = backup
  if (point.kind === 'latest') return { standing: Date.parse(base.lastTransaction.commitTime), rank: -1 }
  const inUse = history.presentOf(base)
  const present = standings.filter(({ lineage }) => inUse.includes(lineage))
  if (present.length === 0 || !present.every(({ lineage }) => isAhead(history, backup, lineage)))
    return { standing: 0, rank: standings.length }
  return {
    standing: Math.min(...present.map(({ standing }) => standing)),
    rank: Math.max(...present.map(({ rank }) => rank)) + 0.5,
  }
}

/** What is not certain to be all there was: log that was archived behind a hole. A moment of the database wished for is certain. */
function doubtsOf(replay: Replay, { history, wish, manifest }: Planned): string[] {
  const { database, to, latest, lineage, bounded } = replay
  const isWished = database === wish.database
  const base = manifest.databases.find(({ name }) => name === database)!
  if (bounded || wish.point.kind === 'transaction') return []
  if (isWished && wish.point.kind === 'time') {
    if (latest !== wish.point.time.getTime()) return []
    return [
      `${database} ends with the last transaction that is archived, of that very millisecond: another one of it may be on its way`,
    ]
  }
  const isMore =
    lineage === undefined
      ? isWished && history.lineagesOf(base).some((other) => history.latestOf(other) > latest)
      : history.knowsBehind(lineage, to.id)
  const other = isWished && wish.lineage === undefined && lineage !== undefined ? laterLineages(replay, lineage, history) : []
  if (!isMore) return other
  return [
    `${database} ends with transaction ${to.id} of ${to.commitTime}: more was committed and archived, but log in between is missing`,
    ...other,
  ]
}

/** Says so where a database ends in a lineage that was left for another one, and nobody asked for it. */
function doubtOfHeir({ database, to, lineage }: Replay, { history, wish, manifest }: Planned): string[] {
  if (lineage === undefined || (database === wish.database && wish.lineage !== undefined)) return []
  const base = manifest.databases.find(({ name }) => name === database)!
  const heir = history.heirOf(base, lineage)
  if (heir === undefined || to.id <= history.commonUpTo(lineage, heir)) return []
  return [`${database} ends with transaction ${to.id} of ${to.commitTime} in lineage ${lineage}, which was left for ${heir}`]
}

/** Lineages with a later commit time that were left nevertheless: a clock was wrong. */
function laterLineages({ database, to }: Replay, lineage: string, history: ArchivedHistory): string[] {
  const { storeId } = history.lineages.get(lineage) ?? {}
  if (!storeId) return []
  return history
    .lineagesOf({ storeId })
    .filter((other) => history.latestOf(other) > history.latestOf(lineage))
    .map((other) => {
      const time = new Date(history.latestOf(other)).toISOString()
      return `${database} ends with transaction ${to.id} of ${to.commitTime}; lineage ${other} has a transaction of ${time}: to have that one, give --lineage`
    })
}

/** Whether a way may reach the point, by the names of its segments: one that does not is not read only to be refused, nor from each backup anew. */
function mayReach(point: RestorePoint, base: ManifestDatabase, lineage: string | undefined, known: Known): boolean {
  if (point.kind === 'latest' || lineage === undefined) return true
  const nothing = replayNothing(base)
  const links = coverFrom(known.history.chain(lineage), nothing.to.id)
  const { segment, upTo = nothing.to.id } = links.at(-1) ?? {}
  if (point.kind === 'transaction') return point.id <= upTo
  const latest = Math.max(nothing.latest, ...links.map((link) => link.segment.latest))
  // What is cut off a segment may be what was committed later, and the checksum at the cut is not known.
  if (latest >= point.time.getTime() || (segment && upTo < segment.last)) return true
  const to = segment ? { id: upTo, checksum: segment.checksum, commitTime: new Date(segment.latest).toISOString() } : nothing.to
  return isReached({ ...nothing, lineage, to, latest }, point, base, known)
}
