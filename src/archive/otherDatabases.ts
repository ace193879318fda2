import { HoldfastError } from '../core/errors.ts'
import { databasesSoFar, logDirectory } from '../neo4j/dataDirectory.ts'
import { dataFileFailure } from '../neo4j/dataFileFailure.ts'
import { findTransaction, newestTransaction, readLogHeaders } from '../neo4j/liveLog.ts'
import type { OtherDatabase } from '../repository/lineage.ts'
import { lineageEnds } from '../repository/lineageEnds.ts'
import type { Repository } from '../repository/repository.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'

/** Where all databases of a data directory but one stand, against what is archived of them; one whose log does not tell is left out. */
export async function standingOfOthers(
  repository: Repository,
  dataDir: string,
  database: string,
  signal: AbortSignal,
): Promise<OtherDatabase[]> {
  // Listed before the logs are read: one that goes on is never behind what is archived of it.
  const { segments } = await repository.archive.list({ signal })
  const others: OtherDatabase[] = []
  for (const other of await databasesSoFar(dataDir)) {
    if (other === database) continue
    const stood = await endOfLog(logDirectory(dataDir, other)).catch((caught: unknown) => {
      // The archive of one database never waits for the log of another one.
      const error = dataFileFailure(caught, dataDir)
      if (!(error instanceof HoldfastError)) throw error
    })
    if (!stood) continue
    const own = segments.filter(({ lineage }) => rootOf(lineage) === stood.root)
    others.push({ ...stood, ends: lineageEnds(own) })
  }
  return others
}

async function endOfLog(directory: string): Promise<Omit<OtherDatabase, 'ends'> | undefined> {
  const { storeId } = (await readLogHeaders(directory)).at(-1)!
  const id = await newestTransaction(directory)
  const found = await findTransaction(directory, id)
  if (!('checksum' in found) || found.checksum === undefined) return undefined
  return { root: rootLineage(storeId), last: { id, checksum: found.checksum } }
}
