import { integrityError } from '../core/errors.ts'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import { findTransaction, placeBehind, readLogHeaders } from '../neo4j/liveLog.ts'
import { ArchivedHistory } from '../repository/archivedHistory.ts'
import { coverFrom, type Link } from '../repository/archiveChain.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { rootLineage } from '../repository/segmentName.ts'
import type { ReadBack } from './readBack.ts'

/** Where the archiving of a database goes on: behind what is archived of a lineage, where one is known. */
export interface ArchivingPlace {
  database: string
  /** The lineage that leads there. */
  along: string | undefined
  nextId: number
}

/**
 * Whether the archive that goes on at a place leads on from a backup: one that the live log goes through behind that place, or one from
 * which what is archived leads there without a gap, and ends with a segment that is whole. Only what the repository and the log hold counts,
 * and no backup that was found damaged.
 */
export async function hasBase(
  repository: Repository,
  dataDir: string,
  { database, along, nextId }: ArchivingPlace,
  { readBack, signal }: { readBack: ReadBack; signal: AbortSignal },
): Promise<boolean> {
  const directory = logDirectory(dataDir, database)
  const root = rootLineage((await readLogHeaders(directory)).at(-1)!.storeId)
  const history = await ArchivedHistory.read(repository, signal)
  const links = along === undefined ? [] : history.chain(along)
  /** Backups mostly lead here by the same segment. */
  const ends = new Map<Link, boolean>()
  const isWhole = async (end: Link): Promise<boolean> => {
    const found = ends.get(end) ?? (await readBack.isWhole(database, history, end))
    ends.set(end, found)
    return found
  }
  const leadsHere = async ({ lastTransaction: { id, checksum } }: ManifestDatabase): Promise<boolean> => {
    if (id >= nextId - 1) {
      const found = await findTransaction(directory, id).catch(notWhereDamaged)
      return found !== false && placeBehind(found, checksum) !== undefined
    }
    const end = coverFrom(links, id).find(({ upTo }) => upTo >= nextId - 1)
    if (!end) return false
    const leads = await history.goesThrough(links, { id, checksum }).catch(notWhereDamaged)
    return leads && isWhole(end)
  }
  const backups = await repository.listSoundBackups({ signal })
  for (const { databases } of backups.toReversed())
    for (const base of databases) if (rootLineage(base.storeId) === root && (await leadsHere(base))) return true
  return false
}

/** A backup behind which the log is damaged leads nowhere. */
function notWhereDamaged(error: unknown): false {
  integrityError(error)
  return false
}
