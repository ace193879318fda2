import { HoldfastError } from '../core/errors.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { rootLineage } from '../repository/segmentName.ts'
import { ArchivedHistory } from '../repository/archivedHistory.ts'
import { findReplay, type Replay, replayNothing, type Wanted } from './replay.ts'
import { describePoint, type RestorePoint } from './restorePoint.ts'
import { describeWindows, restorableWindows } from './windows.ts'

/** What restoring to a point takes: a backup and the archived log behind it, both read and verified. */
export interface PointInTimePlan {
  point: RestorePoint
  /** The database that the point is of; the others follow it to the same moment. */
  database: string
  manifest: Manifest
  replays: Replay[]
  /** Backups that were not considered, as their manifests cannot be read. */
  damaged: string[]
}

interface Wish {
  point: RestorePoint
  database: string
  /** The lineage to restore; the one with the latest transaction that leads there unless given. */
  lineage?: string | undefined
  signal: AbortSignal
}

/** A way to the point: a backup, and a lineage whose chain may go through it. */
interface Way {
  manifest: Manifest
  base: ManifestDatabase
  lineage: string | undefined
  /** When the newest transaction on it was committed, milliseconds since 1970. */
  latest: number
}

/**
 * Finds the newest backup that is not after the point, and the archived log from there to it.
 * @throws HoldfastError `refused` for a point that cannot be restored, with the nearest ones that can, `integrity` for a damaged archive.
 */
export async function planPointInTime(repository: Repository, wish: Wish): Promise<PointInTimePlan> {
  const { point, database, signal } = wish
  const history = await ArchivedHistory.read(repository, signal)
  const listed = await repository.listBackups({ signal })
  const manifests = listed.flatMap(({ manifest }) => manifest ?? [])
  const damaged = listed.flatMap(({ id, error }) => (error ? [id] : []))
  const wanted = wantedUpTo(point)
  for (const { manifest, base, lineage } of waysTo(history, manifests, wish)) {
    const replay = await replayOn(history, base, lineage, wanted)
    if (!replay || !isReached(replay, point, base, history, manifests)) continue
    const moment = point.kind === 'time' ? point.time : new Date(replay.to.commitTime)
    const others: Replay[] = []
    for (const other of manifest.databases) if (other.name !== database) others.push(await followTo(history, other, moment))
    return { point, database, manifest, replays: [replay, ...others], damaged }
  }
  const windows = await restorableWindows(history, manifests, database)
  throw new HoldfastError('refused', `${database} cannot be restored to ${describePoint(point)} from ${repository.location}`, {
    hint: describeWindows(windows, point),
  })
}

/** Those with the latest history first, and among these those with the least log to replay. */
function waysTo(history: ArchivedHistory, manifests: readonly Manifest[], { point, database, lineage: only }: Wish): Way[] {
  const wanted = wantedUpTo(point)
  const ways: Way[] = []
  for (const manifest of manifests) {
    const base = manifest.databases.find(({ name }) => name === database)
    if (!base) continue
    const { id, commitTime } = base.lastTransaction
    if (!wanted({ id, commitTime: Date.parse(commitTime) })) continue
    for (const lineage of history.lineagesOf(base)) ways.push({ manifest, base, lineage, latest: history.latestOf(lineage) })
    ways.push({ manifest, base, lineage: undefined, latest: Date.parse(commitTime) })
  }
  return ways
    .filter(({ lineage }) => only === undefined || lineage === only)
    .toReversed()
    .toSorted((a, b) => b.latest - a.latest || b.base.lastTransaction.id - a.base.lastTransaction.id)
}

/** Whether a transaction belongs to what is restored to a point. */
function wantedUpTo(point: RestorePoint): Wanted {
  switch (point.kind) {
    case 'latest':
      return () => true
    case 'time':
      return ({ commitTime }) => commitTime <= point.time.getTime()
    case 'transaction':
      return ({ id }) => id <= point.id
  }
}

/** A moment is reached only where nothing that was committed up to it can be missing. */
function isReached(
  { bounded, to, lineage }: Replay,
  point: RestorePoint,
  base: ManifestDatabase,
  history: ArchivedHistory,
  manifests: readonly Manifest[],
): boolean {
  if (point.kind === 'transaction') return to.id === point.id
  if (point.kind === 'latest' || bounded || Date.parse(to.commitTime) === point.time.getTime()) return true
  const root = rootLineage(base.storeId)
  const unknown = manifests
    .flatMap(({ databases }) => databases)
    .filter(({ storeId, lastTransaction: { id } }) => rootLineage(storeId) === root && id > to.id && !history.holds(root, id))
  return unknown.length === 0 && !history.knowsBehind(root, lineage, to.id)
}

/** @returns undefined where the lineage does not go through the backup. */
async function replayOn(
  history: ArchivedHistory,
  base: ManifestDatabase,
  lineage: string | undefined,
  wanted: Wanted,
): Promise<Replay | undefined> {
  if (lineage === undefined) return replayNothing(base)
  const links = history.chain(lineage)
  if (!(await history.goesThrough(links, base.lastTransaction))) return undefined
  return findReplay(history, base, { lineage, links, wanted })
}

/** The lineage that leads furthest towards the moment. */
async function followTo(history: ArchivedHistory, base: ManifestDatabase, moment: Date): Promise<Replay> {
  let best = replayNothing(base)
  for (const lineage of history.lineagesOf(base)) {
    const replay = await replayOn(history, base, lineage, wantedUpTo({ kind: 'time', time: moment }))
    if (replay && replay.to.id > best.to.id) best = replay
  }
  return best
}
