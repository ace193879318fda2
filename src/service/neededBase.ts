import type { Clock } from '../core/clock.ts'
import { ifDamaged } from '../core/errors.ts'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import { findTransaction, placeBehind, readLogHeaders } from '../neo4j/liveLog.ts'
import type { BackedUp } from '../recovery/backedUp.ts'
import { ArchivedHistory } from '../repository/archivedHistory.ts'
import { coverFrom, type Link } from '../repository/archiveChain.ts'
import type { Repository } from '../repository/repository.ts'
import { rootLineage } from '../repository/segmentName.ts'
import { type ArchivingPlace, type Branch, branchBefore, showsBranch } from './archivingPlace.ts'
import type { ReadBack } from './readBack.ts'

interface LookOptions {
  readBack: ReadBack
  clock: Clock
  warn: (message: string) => void
  signal: AbortSignal
}

/** The way of the live log to a place at which archiving goes on, and what is archived of it. */
interface Way {
  place: ArchivingPlace
  /** That of the log files. */
  directory: string
  history: ArchivedHistory
  links: readonly Link[]
}

/**
 * Whether the archive that goes on at a place leads on from a backup: one that the live log goes through behind that place, or one from
 * which what is archived leads there without a gap, and ends with a segment that is whole. Where the log has left what is archived, a backup
 * has to show that, too, or nothing would until the next transaction is archived; it is said where none does. Only what the repository and
 * the log hold counts, and no backup that was found damaged.
 */
export async function hasBase(
  repository: Repository,
  dataDir: string,
  place: ArchivingPlace,
  { readBack, clock, warn, signal }: LookOptions,
): Promise<boolean> {
  const { database, along } = place
  const directory = logDirectory(dataDir, database)
  const root = rootLineage((await readLogHeaders(directory)).at(-1)!.storeId)
  const history = await ArchivedHistory.read(repository, signal)
  // Nothing can be restored along a lineage of which nobody knows what it is.
  const links = along === undefined || history.damaged.has(along) ? [] : history.chain(along)
  const way = { place, directory, history, links }
  const backups = (await repository.listSoundBackups({ signal }))
    .flatMap((manifest) => manifest.databases.map((base) => ({ manifest, base })))
    .filter(({ base }) => rootLineage(base.storeId) === root)
    .toSorted((a, b) => b.manifest.timing.started.localeCompare(a.manifest.timing.started))
  const branch = branchBefore(history, place)
  if (branch && !(await isBranchShown(branch, backups, way, clock.now()))) {
    const where = branch.after === undefined ? '' : ` behind transaction ${branch.after}`
    warn(`${database} has left what was archived${where}, as after a restore, and no backup shows that: one is made now`)
    return false
  }
  /** Backups mostly lead here by the same segment. */
  const ends = new Map<Link, boolean>()
  const isWhole = async (end: Link): Promise<boolean> => {
    const found = ends.get(end) ?? (await readBack.isWhole(database, history, end))
    ends.set(end, found)
    return found
  }
  return isTrueOfAny(backups, async (backup) => leadsOn(backup, way, isWhole))
}

/** Whether one of the backups, newest first, is on the way of a log and shows that this left what is archived. */
async function isBranchShown(branch: Branch, backups: readonly BackedUp[], way: Way, now: Date): Promise<boolean> {
  const { history, place } = way
  // As long as nothing of a new lineage is archived, a restore goes by the newest backup. One that was begun later than now has a wrong time.
  const newest = backups.find(({ manifest: { timing } }) => Date.parse(timing.started) <= now.getTime())?.manifest
  const asked = place.hasBranched ? backups.filter(({ manifest }) => manifest === newest) : backups
  const showing = asked.filter((backup) => showsBranch(history, backup, branch, now))
  return isTrueOfAny(showing, async (backup) => isOnTheWay(backup, way))
}

/** Whether the archive leads on from a backup to where archiving goes on, or the live log goes through it behind that place. */
async function leadsOn(backup: BackedUp, way: Way, isWhole: (end: Link) => Promise<boolean>): Promise<boolean> {
  const { id } = backup.base.lastTransaction
  const { nextId } = way.place
  if (id >= nextId - 1) return isOnTheWay(backup, way)
  const cover = coverFrom(way.links, id)
  const end = cover.find(({ upTo }) => upTo >= nextId - 1)
  if (!end || cover.some((link) => isOfTwoHistories(way.history, link, nextId))) return false
  return (await isOnTheWay(backup, way)) && isWhole(end)
}

/** Whether what is archived before a place, or the live log behind it, goes through the end of a backup. */
async function isOnTheWay({ base }: BackedUp, { place, directory, history, links }: Way): Promise<boolean> {
  const { id, checksum } = base.lastTransaction
  if (id < place.nextId - 1) return history.goesThrough(links, { id, checksum }).catch(ifDamaged(false))
  const found = await findTransaction(directory, id).catch(ifDamaged(undefined))
  return found !== undefined && placeBehind(found, checksum) !== undefined
}

async function isTrueOfAny<T>(items: readonly T[], isTrue: (item: T) => Promise<boolean>): Promise<boolean> {
  for (const item of items) if (await isTrue(item)) return true
  return false
}

/** Whether another segment of its lineage, which a restore cannot tell from it, ends with the transaction of that id of another server. */
function isOfTwoHistories(history: ArchivedHistory, { segment: { lineage, last: id, checksum } }: Link, nextId: number): boolean {
  const other = history.partingAt(lineage, { id, checksum })
  return other !== undefined && other.first < nextId
}
