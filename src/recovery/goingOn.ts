import { ifDamaged } from '../core/errors.ts'
import { ancestry, linkAt } from '../repository/archiveChain.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { type BackedUp, isAhead, isMadeBefore } from './backedUp.ts'
import { checksumInBackup } from './backupLog.ts'
import { backupChoice, type Choice, lineageChoice, severalHistories } from './historyChoices.ts'
import { type Compared, endAlong, hasBegunBy } from './historyEnds.ts'
import type { Replay } from './replay.ts'

/**
 * Makes sure that a point that only a backup has is meant: it may be of before a restore that gave it up, or of a copy.
 * @returns what is not certain of it, in sentences.
 * @throws HoldfastError `refused` for a moment at which the database that was restored had already gone on, and for any point where the own log of
 * the backup shows that it is of another history than the archive.
 */
export async function requireMeantBackup({ database, to }: Replay, backup: BackedUp, compared: Compared): Promise<string[]> {
  const { history, point } = compared
  const { manifest, base } = backup
  const doubts = new Set<string>()
  const others: Choice[] = []
  // Where it is not certain to be of the present, what was left may be meant as well.
  let isOpen = false
  for (const lineage of history.presentOf(base)) {
    const afterOf = (heir: string): number => history.lineages.get(heir)?.branch?.after ?? to.id
    const heirs = [...ancestry(lineage, history.lineages).keys()].filter(
      (heir) => afterOf(heir) < to.id && isMadeBefore(history, manifest, heir),
    )
    const [heir] = heirs
    if (heir === undefined) {
      const goesOn = await goesOnFrom(lineage, backup, compared)
      if (goesOn === false) others.push(...(await choicesOf([lineage], base, compared)))
      if (goesOn === undefined) doubts.add(notCertain(backup, lineage, compared))
      isOpen ||= goesOn !== true
    } else if (point.kind === 'transaction') {
      doubts.add(
        `${database} ends with transaction ${to.id} of ${to.commitTime}, which only backup ${manifest.id} has; later lineage ${heir} went on from transaction ${afterOf(heir)}, and may come to another one of that id`,
      )
    } else {
      const begun = heirs.filter((each) => hasBegunBy(each, compared))
      others.push(...(await choicesOf(begun, base, compared)).slice(0, 1))
    }
  }
  if (isOpen && point.kind === 'transaction') {
    const left = history.lineagesOf(base).filter((lineage) => history.heirOf(base, lineage) !== undefined)
    others.push(...(await choicesOf(left, base, compared)).filter(({ last }) => last >= to.id))
  }
  if (others.length > 0) throw severalHistories(database, [backupChoice(backup), ...others])
  return [...doubts]
}

/** Those of some lineages that a backup leads to. */
async function choicesOf(lineages: readonly string[], { name }: ManifestDatabase, compared: Compared): Promise<Choice[]> {
  const choices: Choice[] = []
  for (const lineage of lineages) {
    const end = await endAlong(lineage, name, compared)
    if (end) choices.push(lineageChoice(compared.history, lineage, end))
  }
  return choices
}

/** Whether a backup goes on from the end of a lineage, as its own log says; undefined where that does not reach back so far. */
async function goesOnFrom(lineage: string, { manifest, base }: BackedUp, compared: Compared): Promise<boolean | undefined> {
  const { history } = compared
  const { id } = base.lastTransaction
  const last = history.lastOf(lineage)
  if (id > last) {
    const checksum = await checksumInBackup(compared, manifest, base, last)
    return checksum === undefined ? undefined : !history.partingAt(lineage, { id: last, checksum })
  }
  const links = history.chain(lineage)
  // Of a backup of before all that is archived, or within a gap, nothing says that it is of another history.
  if (!linkAt(links, id)) return true
  return history.goesThrough(links, base.lastTransaction).catch(ifDamaged(true))
}

/** Says so where the log of a backup does not tell whether it goes on from a lineage. */
function notCertain({ manifest, base: { name, lastTransaction } }: BackedUp, lineage: string, { history }: Compared): string {
  return `${name} ends with transaction ${lastTransaction.id} of ${lastTransaction.commitTime}, as backup ${manifest.id} does; its log does not reach back to transaction ${history.lastOf(lineage)}, where lineage ${lineage} ends: that it went on from there is not certain`
}

/**
 * Makes sure that a backup goes on from the only history there is besides, of which more was committed than is archived: by its id, by the clock
 * of the backups, and by its own log, as far back as that reaches.
 * @returns what is not certain of it, in sentences.
 */
export async function requireGoingOn(
  backup: BackedUp,
  { others, gone }: { others: readonly Choice[]; gone: readonly Choice[] },
  compared: Compared,
): Promise<string[]> {
  const { history } = compared
  const { base } = backup
  const refusal = severalHistories(base.name, [backupChoice(backup), ...others, ...gone])
  if (gone.length > 0 || others.length > 1) throw refusal
  if (others.length === 0) return []
  const doubts: string[] = []
  for (const lineage of history.presentOf(base)) {
    if (!isAhead(history, backup, lineage)) throw refusal
    const goesOn = await goesOnFrom(lineage, backup, compared)
    if (goesOn === undefined) doubts.push(notCertain(backup, lineage, compared))
    else if (!goesOn) throw refusal
  }
  return doubts
}
