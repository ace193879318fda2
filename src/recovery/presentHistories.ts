import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import { ancestry, coverFrom } from '../repository/archiveChain.ts'
import { unreadable } from '../repository/describedLineages.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'
import type { Repository } from '../repository/repository.ts'
import { backupsBeyond, isLeft, isMadeBefore, whereDamaged } from './aloneBackups.ts'
import { checksumInBackup } from './backupLog.ts'
import { backupChoice, type Choice, lineageChoice, severalHistories } from './historyChoices.ts'
import type { Replay } from './replay.ts'
import { replayOn } from './replayOn.ts'
import type { RestorePoint } from './restorePoint.ts'
import { wentBack } from './wentBack.ts'

/** What a way to a point is compared with. */
interface Compared {
  point: RestorePoint
  history: ArchivedHistory
  manifests: readonly Manifest[]
  repository: Repository
  signal: AbortSignal
}

/**
 * Makes sure that no other history could be meant that holds what a restore would give up: a lineage that went on beside, a backup that no lineage
 * goes through and that is not known to be older. What was left for another lineage is no question.
 * @returns what was left for the history that is restored and holds more, in sentences.
 * @throws HoldfastError `refused` with all histories to choose from.
 */
export async function requireOnePresent(replay: Replay, base: ManifestDatabase, compared: Compared): Promise<string[]> {
  const { history, point } = compared
  const { database, lineage, to } = replay
  if (point.kind !== 'latest' && lineage === undefined) return await leftAlone(replay, base, compared)
  requireAllDescribed(replay, base, compared)
  const others: Choice[] = []
  for (const other of history.presentOf(base)) {
    if (other === lineage) continue
    if (lineage !== undefined && history.wasLeftFor(other, lineage) && !hasBegunBy(other, compared)) continue
    const common = lineage === undefined ? 0 : history.commonUpTo(lineage, other)
    const last = await endAlong(other, database, compared)
    if (last === undefined || last.id <= common || !(await holdsMore(other, common, { replay, base }, compared))) continue
    others.push(lineageChoice(history, other, last))
  }
  const earlier = point.kind === 'latest' ? await earlierBackup(replay, base, compared) : []
  if (lineage === undefined) return requireGoingOn(base, { others, earlier }, compared)
  const beyond = point.kind === 'transaction' ? [] : await backupsBeyond(replay, base, compared)
  const open = point.kind === 'latest' ? beyond.findLast((each) => !isLeft(history, each, lineage, to)) : undefined
  if (open) others.push(backupChoice(open))
  others.push(...earlier)
  if (others.length > 0) {
    const end = (await endAlong(lineage, database, compared)) ?? { id: to.id, time: to.commitTime }
    throw severalHistories(database, [lineageChoice(history, lineage, end), ...others])
  }
  const left = point.kind === 'latest' ? [] : await leftBehind({ ...replay, lineage }, base, compared)
  const passedOver = beyond
    .slice(-1)
    .map(
      ({ manifest: { id, timing }, base: { lastTransaction } }) =>
        `${database} ends with transaction ${to.id} of ${to.commitTime}; backup ${id} of ${timing.finished} ends with transaction ${lastTransaction.id} of ${lastTransaction.commitTime}, which no archived log is known to lead to: to have that one, give --id ${id}`,
    )
  return [...left, ...passedOver]
}

/** The newest backup, where the database had gone back to its end from what is restored. */
async function earlierBackup(replay: Replay, base: ManifestDatabase, { history, manifests }: Compared): Promise<Choice[]> {
  const { lineage } = replay
  const found = await wentBack(replay, base, manifests, async ({ manifest, base: { lastTransaction } }) => {
    if (lineage === undefined) return true
    const { after = 0 } = history.lineages.get(lineage)?.branch ?? {}
    if (lastTransaction.id <= after && isMadeBefore(history, manifest, lineage)) return false
    return history.goesThrough(history.chain(lineage), lastTransaction).catch(whereDamaged)
  })
  if (!found) return []
  const from = `the newest backup, begun ${found.manifest.timing.started}, when the database had gone back to that transaction`
  return [{ ...backupChoice(found), from }]
}

/** Whether all of a segment of a lineage was committed by the moment that is asked for: what was left for it was not the database any more. */
function hasBegunBy(lineage: string, { history, point }: Compared): boolean {
  if (point.kind !== 'time') return false
  return history.segments.some((segment) => segment.lineage === lineage && segment.latest <= point.time.getTime())
}

/**
 * What to say of a point that only a backup has, of before a restore that gave it up.
 * @throws HoldfastError `refused` for a moment at which the database that was restored had already gone on.
 */
async function leftAlone({ database, to }: Replay, base: ManifestDatabase, compared: Compared): Promise<string[]> {
  const { history, point, manifests } = compared
  const manifest = manifests.find(({ databases }) => databases.includes(base))
  if (!manifest) return []
  const heirs = history.presentOf(base).flatMap((lineage) => [...ancestry(lineage, history.lineages).keys()])
  for (const heir of heirs) {
    const after = history.lineages.get(heir)?.branch?.after ?? to.id
    if (after >= to.id || !isMadeBefore(history, manifest, heir)) continue
    if (point.kind === 'transaction')
      return [
        `${database} ends with transaction ${to.id} of ${to.commitTime}, which only backup ${manifest.id} has; later lineage ${heir} went on from transaction ${after}, and may come to another one of that id`,
      ]
    const end = hasBegunBy(heir, compared) ? await endAlong(heir, database, compared) : undefined
    if (end) throw severalHistories(database, [backupChoice({ manifest, base }), lineageChoice(history, heir, end)])
  }
  return []
}

/** What lineages that were left had committed up to a moment at which what is restored had not begun: they were the database then. */
async function leftBehind(replay: Replay & { lineage: string }, base: ManifestDatabase, compared: Compared): Promise<string[]> {
  const { database, lineage, to } = replay
  const { history } = compared
  const doubts: string[] = []
  for (const other of history.lineagesOf(base)) {
    if (other === lineage || !history.wasLeftFor(lineage, other)) continue
    const common = history.commonUpTo(lineage, other)
    if (to.id === common && (await holdsMore(other, common, { replay, base }, compared))) {
      doubts.push(
        `${database} ends with transaction ${to.id} of ${to.commitTime}, where lineage ${lineage} left ${other}: to have what that one committed up to the moment, give --lineage ${other}`,
      )
    }
  }
  return doubts
}

/** A lineage whose description is damaged may have gone on beside, whatever its times are. @throws HoldfastError `integrity` */
function requireAllDescribed({ lineage, to }: Replay, base: ManifestDatabase, { history, point }: Compared): void {
  for (const [id, error] of history.damaged) {
    const own = history.segments.filter((segment) => segment.lineage === id)
    if (rootOf(id) !== rootLineage(base.storeId) || own.length === 0) continue
    if (id === lineage || (lineage !== undefined && history.wasLeftFor(lineage, id))) continue
    const parting = Math.min(...own.map(({ first }) => first)) - 1
    if (point.kind === 'latest' || to.id > parting || (to.id === parting && point.kind === 'time')) throw unreadable(id, error)
  }
}

/** Whether another history holds something up to the point that is not in what is restored; the two are the same up to `common`. */
async function holdsMore(
  other: string,
  common: number,
  { replay: { to }, base }: { replay: Replay; base: ManifestDatabase },
  { history, point }: Compared,
): Promise<boolean> {
  if (point.kind === 'latest' || to.id > common) return true
  if (to.id < common || point.kind === 'transaction') return false
  // What is restored ends where the two part: what came next was committed later there, and perhaps not in the other one.
  const further = await replayOn(history, base, other, point).catch(whereDamaged)
  return further === true || (further !== undefined && further.to.id > common)
}

/** The transaction that some backup can be restored to along a lineage; undefined where none leads there. What cannot be told for damage is taken to lead there. */
async function endAlong(
  lineage: string,
  database: string,
  { history, manifests }: Compared,
): Promise<{ id: number; time: string } | undefined> {
  const links = history.chain(lineage)
  let best: { id: number; time: string } | undefined
  for (const { databases } of manifests) {
    for (const { name, storeId, lastTransaction } of databases) {
      if (name !== database || rootLineage(storeId) !== rootOf(lineage)) continue
      const last = coverFrom(links, lastTransaction.id).at(-1)
      const end = last
        ? { id: last.upTo, time: new Date(last.segment.latest).toISOString() }
        : { id: lastTransaction.id, time: lastTransaction.commitTime }
      if (end.id > (best?.id ?? 0) && (await history.goesThrough(links, lastTransaction).catch(whereDamaged))) best = end
    }
  }
  return best
}

/**
 * Makes sure that a backup goes on from the only history there is besides, of which more was committed than is archived: by its id, by the clock
 * of the backups, and by its own log, as far back as that reaches.
 * @returns what is not certain of it, in sentences.
 */
async function requireGoingOn(
  base: ManifestDatabase,
  { others, earlier }: { others: readonly Choice[]; earlier: readonly Choice[] },
  compared: Compared,
): Promise<string[]> {
  const { history, manifests } = compared
  const { name, lastTransaction } = base
  const manifest = manifests.find(({ databases }) => databases.includes(base))!
  const refusal = severalHistories(name, [backupChoice({ manifest, base }), ...others, ...earlier])
  if (earlier.length > 0 || others.length > 1) throw refusal
  if (others.length === 0) return []
  const doubts: string[] = []
  for (const lineage of history.presentOf(base)) {
    const last = history.lastOf(lineage)
    if (lastTransaction.id <= last || isMadeBefore(history, manifest, lineage)) throw refusal
    const checksum = await checksumInBackup(compared, manifest, base, last)
    if (checksum === undefined)
      doubts.push(
        `${name} ends with transaction ${lastTransaction.id} of ${lastTransaction.commitTime}, as backup ${manifest.id} does; its log does not reach back to transaction ${last}, where lineage ${lineage} ends: that it went on from there is not certain`,
      )
    else if (history.partingAt(lineage, { id: last, checksum })) throw refusal
  }
  return doubts
}
