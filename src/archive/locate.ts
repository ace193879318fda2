import { HoldfastError, integrityError } from '../core/errors.ts'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import { readLastCheckpoint } from '../neo4j/lastCheckpoint.ts'
import { findTransaction, type Found, placeBehind, readLogHeaders, startOf } from '../neo4j/liveLog.ts'
import { type LogPlace, LogReplacedError } from '../neo4j/logFollower.ts'
import type { StoredSegment } from '../repository/archive.ts'
import { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Gap, Lineage } from '../repository/lineage.ts'
import type { Repository } from '../repository/repository.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'
import { recoveryPosition } from '../txlog/checkpointRecord.ts'
import { findBranchPoint } from './branchPoint.ts'

/** Where the archiving of a database goes on, as its log and the repository say it. */
export interface Located {
  place: LogPlace
  root: string
  storeId: Lineage['storeId']
  /** The lineage to go on with; undefined where a new one begins with the next transaction, which names it. */
  lineage: string | undefined
  /** Where a new lineage leaves another one; undefined where that is not known, or it is the store's first. */
  branch?: Lineage['branch']
  /** What was pruned before it was archived: it is between the end of the lineage and the place. */
  gap?: Pick<Gap, 'first' | 'last'>
  /** The segments of the lineage. */
  segments: StoredSegment[]
  /** The lineages of the store that have a description. */
  described: readonly string[]
}

/** A lineage by its newest segment. */
interface Tip {
  segment: StoredSegment
  found: Found | { at: 'behind damage'; error: HoldfastError }
}

/** Finds the place in the repository and the log; nothing is remembered. */
export async function locate(repository: Repository, dataDir: string, database: string, signal: AbortSignal): Promise<Located> {
  const directory = logDirectory(dataDir, database)
  const { creationTime, random } = (await readLogHeaders(directory)).at(-1)!.storeId
  const storeId = { creationTime: String(creationTime), random }
  const root = rootLineage(storeId)
  const { segments, lineages: described } = await repository.archive.list({ root, signal })
  const at = { root, storeId, described }
  let read: Promise<ArchivedHistory> | undefined
  /** Read where it is needed only, and but once, so that all is decided on the same. */
  const history = async (): Promise<ArchivedHistory> => (read ??= ArchivedHistory.read(repository, signal))
  const tips = await findTips(directory, segments)
  const of = (lineage: string): StoredSegment[] => segments.filter((segment) => segment.lineage === lineage)

  /** Whether nothing may be added to a lineage. */
  const isClosed = async (lineage: string): Promise<boolean> => {
    // Nothing has left it.
    if (tips.length === 1 && lineage === root) return false
    const known = await history()
    // What would be archived there could not be restored.
    if (isUndescribed(known, lineage)) return true
    // What goes on from an end that another lineage has left is a history of its own: in this one it would look as if both had gone on, side by side.
    return known.heirOf(at, lineage) !== undefined
  }

  for (const { segment, found } of tips) {
    const place = found.at === 'behind damage' ? undefined : placeBehind(found, segment.checksum)
    if (!place || (await isClosed(segment.lineage))) continue
    return { ...at, place, lineage: segment.lineage, segments: of(segment.lineage) }
  }
  if (tips.length === 0) return { ...at, place: await firstPlace(repository, directory, root, signal), lineage: root, segments }
  // Where the log cannot be read any further nobody can tell whether it has left what is archived.
  for (const { found } of tips) if (found.at === 'behind damage') throw found.error
  const point = await findBranchPoint(repository, directory, segments, signal)
  if (point) {
    const { parent, after, place } = point
    return { ...at, place, lineage: undefined, branch: { parent, after }, segments: [] }
  }
  const cut = await newestCut(history, at, tips)
  // Read only now: the storage may have taken long, and what Neo4j has pruned since the log was looked at before is missing, too.
  const [oldest] = await readLogHeaders(directory)
  if (rootLineage(oldest!.storeId) !== root) throw new LogReplacedError(directory)
  const place = startOf(oldest!)
  if (!cut) return { ...at, place, lineage: undefined, segments: [] }
  // Nothing says that the log is of another lineage, and if it is of this one, something is lost.
  const { lineage, last } = cut
  return { ...at, place, lineage, gap: { first: last + 1, last: place.nextId - 1 }, segments: of(lineage) }
}

/** The newest segment of each lineage, the one that reaches furthest first, and whether the log still has its last transaction. */
async function findTips(directory: string, segments: readonly StoredSegment[]): Promise<Tip[]> {
  const newest = new Map<string, StoredSegment>()
  for (const segment of segments) {
    const known = newest.get(segment.lineage)
    if (!known || segment.last > known.last) newest.set(segment.lineage, segment)
  }
  const tips: Tip[] = []
  for (const segment of [...newest.values()].toSorted((a, b) => b.last - a.last))
    tips.push({ segment, found: await findTransaction(directory, segment.last).catch(behindDamage) })
  return tips
}

function behindDamage(error: unknown): Tip['found'] {
  return { at: 'behind damage', error: integrityError(error) }
}

/** The newest segment of the lineage that the log has most likely gone on with, where what came behind it was pruned. */
async function newestCut(
  history: () => Promise<ArchivedHistory>,
  store: Pick<Located, 'storeId' | 'root'>,
  tips: readonly Tip[],
): Promise<StoredSegment | undefined> {
  // Right before the oldest file nothing needs to be lost, though nobody can tell whether it is the same transaction.
  if (tips.some(({ found }) => found.at === 'edge' && found.checksum === undefined)) return undefined
  const cut = tips.flatMap(({ segment, found }) => (found.at === 'pruned' ? [segment] : []))
  if (cut.every(({ lineage }) => lineage === store.root)) return cut[0]
  const known = await history()
  // It may have gone on with one of which nobody knows what it left, unless that was left itself.
  if (cut.some(({ lineage }) => isUndescribed(known, lineage) && known.heirOf(store, lineage) === undefined)) return undefined
  // A lineage that another one has left did not go on, however far it reaches.
  const inOrder = known.lineagesOf(store).flatMap((lineage) => cut.filter((segment) => segment.lineage === lineage))
  return inOrder[0] ?? cut[0]
}

/** Whether nobody knows what a lineage is: the name of a store's first one says all that it takes. */
function isUndescribed({ damaged }: ArchivedHistory, lineage: string): boolean {
  return lineage !== rootOf(lineage) && damaged.has(lineage)
}

/** Behind the oldest backup that the log still reaches back to; without one, where a backup made now would begin. */
async function firstPlace(repository: Repository, directory: string, root: string, signal: AbortSignal): Promise<LogPlace> {
  for (const { manifest } of await repository.listBackups({ signal })) {
    const base = manifest?.databases.find(({ storeId }) => rootLineage(storeId) === root)
    if (!base) continue
    const found = await findTransaction(directory, base.lastTransaction.id).catch(behindDamage)
    const place = found.at === 'behind damage' ? undefined : placeBehind(found, base.lastTransaction.checksum)
    if (place) return place
  }
  const { checkpoint } = await readLastCheckpoint(directory)
  const { logVersion } = recoveryPosition(checkpoint)
  const headers = await readLogHeaders(directory)
  return startOf(headers.find((header) => header.logVersion === logVersion) ?? headers[0]!)
}
