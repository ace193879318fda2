import { ifDamaged } from '../core/errors.ts'
import { ancestry, linkAt } from '../repository/archiveChain.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import { unreadable } from '../repository/describedLineages.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'
import { backupsBeyond, isOlderThanBranch } from './aloneBackups.ts'
import { type BackedUp, isMadeBefore } from './backedUp.ts'
import { requireMeantBackup, requireGoingOn } from './goingOn.ts'
import { backupChoice, type Choice, lineageChoice, severalHistories } from './historyChoices.ts'
import { type Compared, endAlong, hasBegunBy } from './historyEnds.ts'
import type { Replay } from './replay.ts'
import { replayOn } from './replayOn.ts'
import { stoodElsewhere } from './stoodElsewhere.ts'
import { wentBack } from './wentBack.ts'

/**
 * Makes sure that no other history could be meant that holds what a restore would give up: a lineage that went on beside, a backup that no lineage
 * goes through and that is not known to be older. What was left for another lineage is no question.
 * @returns what was left for the history that is restored and holds more, in sentences.
 * @throws HoldfastError `refused` with all histories to choose from.
 */
export async function requireOnePresent(replay: Replay, backup: BackedUp, compared: Compared): Promise<string[]> {
  const { history, point } = compared
  const { database, lineage, to } = replay
  const { base } = backup
  if (point.kind !== 'latest' && lineage === undefined) return await requireMeantBackup(replay, backup, compared)
  requireAllDescribed(replay, base, compared)
  const others: Choice[] = []
  for (const other of await presentBeside(replay, base, compared)) {
    if (lineage !== undefined && history.wasLeftFor(other, lineage) && !hasBegunBy(other, compared)) continue
    const common = lineage === undefined ? 0 : history.commonUpTo(lineage, other)
    const last = await endAlong(other, database, compared)
    if (last === undefined || last.id <= common || !(await holdsMore(other, common, { replay, base }, compared))) continue
    others.push(lineageChoice(history, other, last))
  }
  const gone = point.kind === 'latest' ? await wentElsewhere(replay, backup, compared) : []
  if (lineage === undefined) return requireGoingOn(backup, { others, gone }, compared)
  const beyond = point.kind === 'transaction' ? [] : await backupsBeyond(replay, base, compared)
  const open = point.kind === 'latest' ? beyond.findLast((each) => !isOlderThanBranch(history, each, lineage, to)) : undefined
  if (open) others.push(backupChoice(open))
  others.push(...gone)
  if (others.length > 0) {
    const end = (await endAlong(lineage, database, compared)) ?? { id: to.id, time: to.commitTime }
    throw severalHistories(database, [lineageChoice(history, lineage, end), ...others])
  }
  const left = point.kind === 'latest' ? [] : await doubtsOfLeft({ ...replay, lineage }, base, compared)
  const goneBack = await doubtsOfGoneBack(replay, base, compared)
  const passedOver = beyond
    .slice(-1)
    .map(
      ({ manifest: { id, timing }, base: { lastTransaction } }) =>
        `${database} ends with transaction ${to.id} of ${to.commitTime}; backup ${id} of ${timing.finished} ends with transaction ${lastTransaction.id} of ${lastTransaction.commitTime}, which no archived log is known to lead to: to have that one, give --id ${id}`,
    )
  return [...left, ...goneBack, ...passedOver]
}

/** The other present lineages; what two archivers of one server have stored in two of them is one history. */
async function presentBeside({ lineage, to }: Replay, base: ManifestDatabase, { history, point }: Compared): Promise<string[]> {
  const others: string[] = []
  for (const other of history.presentOf(base)) {
    if (other === lineage) continue
    // Behind a hole it may have what the one that is restored has not.
    const isCutShort = lineage !== undefined && point.kind === 'latest' && to.id < history.lastOf(other)
    const known = lineage === undefined ? others : [lineage]
    const within = await Promise.all(known.map(async (each) => !isCutShort && (await isWithin(other, each, history))))
    if (!within.includes(true)) others.push(other)
  }
  return others
}

/** Whether another lineage has all of one, by where its segments end: where checksums are no chain, the last one alone proves little. */
async function isWithin(lineage: string, other: string, history: ArchivedHistory): Promise<boolean> {
  const links = history.chain(other)
  const common = history.commonUpTo(lineage, other)
  const own = history.segments.filter((segment) => segment.lineage === lineage && segment.last > common)
  // Its last one first: nearly always that tells, and mostly by the names of segments.
  for (const { last: id, checksum } of own.toReversed()) {
    if (!linkAt(links, id)) return false
    const isThrough = await history.goesThrough(links, { id, checksum }).catch(ifDamaged(false))
    if (!isThrough) return false
  }
  return true
}

/** Where the database had gone from what is restored, as the newest backup shows, or another database of its set. */
async function wentElsewhere(replay: Replay, backup: BackedUp, compared: Compared): Promise<Choice[]> {
  const found = await shownGoneBack(replay, backup.base, compared)
  if (!found) return [await stoodElsewhere(replay, backup, compared)].filter((choice) => choice !== undefined)
  const from = `the newest backup of it, begun ${found.manifest.timing.started}, when the database had gone back to that transaction; where it had not, as the clock was ahead or that backup is of a copy, a delete of it ends the question`
  return [{ ...backupChoice(found), from }]
}

/** The newest backup, where it shows that the database had gone back from what is restored. */
async function shownGoneBack(
  replay: Replay,
  base: ManifestDatabase,
  { history, manifests }: Compared,
): Promise<BackedUp | undefined> {
  const { lineage } = replay
  const isThrough = async ({ manifest, base: { lastTransaction } }: BackedUp): Promise<boolean> => {
    if (lineage === undefined) return true
    const { after = 0 } = history.lineages.get(lineage)?.branch ?? {}
    if (lastTransaction.id <= after && isMadeBefore(history, manifest, lineage)) return false
    const links = history.chain(lineage)
    // Of what a delete has freed nobody can tell.
    if (links.every(({ segment }) => segment.first > lastTransaction.id + 1)) return true
    return history.goesThrough(links, lastTransaction).catch(ifDamaged(true))
  }
  const isPutBack = async ({ manifest, base: { lastTransaction } }: BackedUp): Promise<boolean> => {
    if (lineage === undefined || isMadeBefore(history, manifest, lineage)) return false
    for (const other of history.lineagesOf(base)) {
      const isBehind = history.wasLeftFor(lineage, other) && lastTransaction.id > history.commonUpTo(lineage, other)
      if (isBehind && (await history.goesThrough(history.chain(other), lastTransaction).catch(ifDamaged(true)))) return true
    }
    return false
  }
  return wentBack(replay, base, manifests, isThrough, isPutBack)
}

/** A moment at which the database had gone back from what is restored, as the newest backup of up to then shows, to which it came again later. */
async function doubtsOfGoneBack(replay: Replay, base: ManifestDatabase, compared: Compared): Promise<string[]> {
  const { point } = compared
  if (point.kind !== 'time') return []
  const manifests = compared.manifests.filter(({ timing }) => Date.parse(timing.started) <= point.time.getTime())
  const found = await shownGoneBack(replay, base, { ...compared, manifests })
  if (!found) return []
  const { id, timing } = found.manifest
  return [
    `${replay.database} ends with transaction ${replay.to.id} of ${replay.to.commitTime}; backup ${id}, begun ${timing.started}, ends with transaction ${found.base.lastTransaction.id}, so the database had gone back to that by the moment, where the clock was not ahead and the backup is not of a copy: to have that one, give --id ${id}`,
  ]
}

/** What lineages that were left had committed up to a moment at which what is restored had not begun: they were the database then. */
async function doubtsOfLeft(replay: Replay & { lineage: string }, base: ManifestDatabase, compared: Compared): Promise<string[]> {
  const { database, lineage, to } = replay
  const { history } = compared
  const beginning = [...ancestry(lineage, history.lineages).keys()].find(
    (id) => history.lineages.get(id)?.branch?.after === to.id,
  )
  const doubts: string[] = []
  for (const other of history.lineagesOf(base)) {
    if (other === lineage || !history.wasLeftFor(lineage, other)) continue
    const common = history.commonUpTo(lineage, other)
    const ends = `${database} ends with transaction ${to.id} of ${to.commitTime}`
    const advice = `to have what that one committed up to the moment, give --lineage ${other}`
    if (to.id === common && (await holdsMore(other, common, { replay, base }, compared)))
      doubts.push(`${ends}, where lineage ${lineage} left ${other}: ${advice}`)
    if (beginning !== undefined && common < to.id && (await wentOnSince(other, common, replay, compared)))
      doubts.push(`${ends}, before lineage ${beginning} began, when ${other} had gone on since: ${advice}`)
  }
  return doubts
}

/** Whether a lineage has something of between what is restored and the moment, behind what the two have in common; its first later segment tells. */
async function wentOnSince(lineage: string, common: number, { latest }: Replay, { history, point }: Compared): Promise<boolean> {
  if (point.kind !== 'time') return false
  const moment = point.time.getTime()
  const first = history.chain(lineage).find(({ segment, upTo }) => upTo > common && segment.latest > latest)
  if (!first) return false
  let hasGoneOn = false
  const read = history.read(first, ({ id, commitTime }) => {
    if (id > common && id <= first.upTo && commitTime > latest && commitTime <= moment) hasGoneOn = true
  })
  const isDamaged = await read.then(() => false).catch(ifDamaged(true))
  return hasGoneOn || isDamaged
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
  const further = await replayOn(history, base, other, point).catch(ifDamaged(true))
  return further === true || (further !== undefined && further.to.id > common)
}
