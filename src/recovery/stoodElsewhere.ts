import { ifDamaged } from '../core/errors.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Lineage, OtherDatabase } from '../repository/lineage.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage } from '../repository/segmentName.ts'
import { type BackedUp, isMadeBefore } from './backedUp.ts'
import type { Choice } from './historyChoices.ts'
import type { Compared } from './historyEnds.ts'
import type { Replay } from './replay.ts'

/**
 * Where a database stood when another one of its data directory began a lineage, where all of what is to be restored was there by then and it
 * stood elsewhere: the server had been restored to that place, and may have written nothing to this database since.
 */
export async function stoodElsewhere(
  replay: Replay,
  backup: BackedUp,
  known: Pick<Compared, 'history' | 'manifests'>,
): Promise<Choice | undefined> {
  const { history } = known
  const { base } = backup
  const root = rootLineage(base.storeId)
  const newestFirst = [...history.lineages.values()].toSorted((a, b) => b.created.localeCompare(a.created))
  for (const beside of newestFirst) {
    const stood = beside.others?.find((other) => other.root === root)
    // One that was left, or never archived, says nothing of the present.
    if (!stood || !history.presentOf(beside).includes(beside.id)) continue
    if (wasThere(replay, backup, { beside, stood }, known) && (await isElsewhere(replay, base, stood, history)))
      return choiceOf(replay, base, { beside, stood }, known)
  }
  return undefined
}

/** The lineage of another database, and where this one stood when it began. */
interface Seen {
  beside: Lineage
  stood: OtherDatabase
}

/** Whether all of what is to be restored was archived, or backed up, before that lineage began, and nothing shows that the database ended with it later. */
function wasThere(
  { lineage, to }: Replay,
  { manifest, base }: BackedUp,
  { beside, stood }: Seen,
  { history, manifests }: Pick<Compared, 'history' | 'manifests'>,
): boolean {
  const end = stood.ends.find((each) => each.lineage === lineage)
  const isOfBefore =
    lineage === undefined ? isMadeBefore(history, manifest, beside.id) : end !== undefined && end.last >= history.lastOf(lineage)
  return isOfBefore && !manifests.some((later) => later.timing.started > beside.created && endsWith(later, base, to))
}

/** Whether a backup has that transaction as the last one of a database. */
function endsWith({ databases }: Manifest, { storeId }: ManifestDatabase, { id, checksum }: OtherDatabase['last']): boolean {
  return databases.some(
    ({ storeId: own, lastTransaction }) =>
      rootLineage(own) === rootLineage(storeId) && lastTransaction.id === id && lastTransaction.checksum === checksum,
  )
}

/** A transaction behind the end may be one that was not archived yet; in another lineage it is not. */
async function isElsewhere(
  { lineage, to }: Replay,
  base: ManifestDatabase,
  { last }: OtherDatabase,
  history: ArchivedHistory,
): Promise<boolean> {
  if (last.id <= to.id) return last.id < to.id || last.checksum !== to.checksum
  return lineage !== undefined && (await lineageThrough(last, history.lineagesOf(base), history)) !== undefined
}

/** How to have it where it stood; its commit time is not known. */
async function choiceOf(
  { lineage }: Replay,
  base: ManifestDatabase,
  { beside, stood: { last } }: Seen,
  { history, manifests }: Pick<Compared, 'history' | 'manifests'>,
): Promise<Choice> {
  const own = lineage === undefined ? [] : [lineage]
  const through = await lineageThrough(last, [...own, ...history.lineagesOf(base)], history)
  const manifest = manifests.find((each) => endsWith(each, base, last))
  const from = `where it stood when lineage ${beside.id} of ${beside.database} began`
  if (through !== undefined) {
    const option = `--lineage ${through} --to-tx ${last.id}`
    return { option, last: last.id, from: `${from}; the other databases are taken to the moment of that transaction` }
  }
  return { option: manifest ? `--id ${manifest.id}` : 'a new backup of it', last: last.id, from }
}

/** The first lineage that goes through a transaction; one that cannot be read is passed over. */
async function lineageThrough(
  last: OtherDatabase['last'],
  lineages: readonly string[],
  history: ArchivedHistory,
): Promise<string | undefined> {
  for (const lineage of lineages) {
    const isThrough = await history.goesThrough(history.chain(lineage), last).catch(ifDamaged(false))
    if (isThrough) return lineage
  }
  return undefined
}
