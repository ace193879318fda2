import { ifDamaged } from '../core/errors.ts'
import { linkAt } from '../repository/archiveChain.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { OtherDatabase } from '../repository/lineage.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { rootLineage } from '../repository/segmentName.ts'
import { type Leader, lineageOf } from './leader.ts'
import type { Stood } from './stood.ts'

/** Where the leader went on from its own end, and nothing of its own says where another database was put back to. */
interface GoneOn {
  history: ArchivedHistory
  base: ManifestDatabase
  leader: Leader
  stood: Stood
}

/**
 * Whether a lineage of another database began in the history that the leader is restored to, behind where it stood when the leader began its own:
 * one of a trial did not. It is asked of one that was left where it stood; undefined where nobody can tell any more.
 */
export async function isPutBackTo(lineage: string, { history, base, leader, stood }: GoneOn): Promise<boolean | undefined> {
  const { branch, created = '', others = [] } = history.lineages.get(lineage) ?? {}
  if (created <= (history.lineages.get(stood.lineage)?.created ?? '')) return false
  const { lastTransaction } = base
  // The backup is of the leader's history, and shows where the other database was.
  const isLater = leader.base.lastTransaction.id > stood.after && lastTransaction.id > (branch?.after ?? Infinity)
  if (isLater && (await history.goesThrough(history.chain(lineage), lastTransaction).catch(ifDamaged(false)))) return true
  const root = rootLineage(leader.base.storeId)
  const last = others.find((other) => other.root === root)?.last
  if (!last) return undefined
  return last.id > stood.after && (await isOnWay(last, history, leader))
}

/** Whether the leader was at a transaction; undefined where no log that is left tells. */
async function isOnWay(last: OtherDatabase['last'], history: ArchivedHistory, leader: Leader): Promise<boolean | undefined> {
  const own = lineageOf(history, leader)!
  const isThrough = await goesThrough(own, last, history)
  if (isThrough || (isThrough === false && linkAt(history.chain(own), last.id))) return isThrough
  for (const lineage of history.lineagesOf(leader.base))
    if (lineage !== own && (await goesThrough(lineage, last, history))) return history.commonUpTo(own, lineage) >= last.id
  return undefined
}

/** Undefined where what would tell is damaged. */
async function goesThrough(lineage: string, last: OtherDatabase['last'], history: ArchivedHistory): Promise<boolean | undefined> {
  return history.goesThrough(history.chain(lineage), last).catch(ifDamaged(undefined))
}
