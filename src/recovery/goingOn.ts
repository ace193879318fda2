import { ancestry } from '../repository/archiveChain.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { isMadeBefore } from './aloneBackups.ts'
import { checksumInBackup } from './backupLog.ts'
import { backupChoice, type Choice, lineageChoice, severalHistories } from './historyChoices.ts'
import { type Compared, endAlong, hasBegunBy } from './historyEnds.ts'
import type { Replay } from './replay.ts'

/**
 * What to say of a point that only a backup has, of before a restore that gave it up.
 * @throws HoldfastError `refused` for a moment at which the database that was restored had already gone on.
 */
export async function leftAlone({ database, to }: Replay, base: ManifestDatabase, compared: Compared): Promise<string[]> {
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

/**
 * Makes sure that a backup goes on from the only history there is besides, of which more was committed than is archived: by its id, by the clock
 * of the backups, and by its own log, as far back as that reaches.
 * @returns what is not certain of it, in sentences.
 */
export async function requireGoingOn(
  base: ManifestDatabase,
  { others, gone }: { others: readonly Choice[]; gone: readonly Choice[] },
  compared: Compared,
): Promise<string[]> {
  const { history, manifests } = compared
  const { name, lastTransaction } = base
  const manifest = manifests.find(({ databases }) => databases.includes(base))!
  const refusal = severalHistories(name, [backupChoice({ manifest, base }), ...others, ...gone])
  if (gone.length > 0 || others.length > 1) throw refusal
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
