import { ifDamaged } from '../core/errors.ts'
import { coverFrom } from '../repository/archiveChain.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'
import type { RestorePoint } from './restorePoint.ts'

/** What a way to a point is compared with. */
export interface Compared {
  point: RestorePoint
  history: ArchivedHistory
  manifests: readonly Manifest[]
  repository: Repository
  signal: AbortSignal
}

/** The transaction that some backup can be restored to along a lineage; undefined where none leads there. What cannot be told for damage is taken to lead there. */
export async function endAlong(
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
      if (end.id > (best?.id ?? 0) && (await history.goesThrough(links, lastTransaction).catch(ifDamaged(true)))) best = end
    }
  }
  return best
}

/** Whether all of a segment of a lineage was committed by the moment that is asked for: what was left for it was not the database any more. */
export function hasBegunBy(lineage: string, { history, point }: Compared): boolean {
  if (point.kind !== 'time') return false
  return history.segments.some((segment) => segment.lineage === lineage && segment.latest <= point.time.getTime())
}
