import type { Clock } from '../core/clock.ts'
import { ifDamaged } from '../core/errors.ts'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import { findTransaction, placeBehind } from '../neo4j/liveLog.ts'
import type { Lineage } from '../repository/lineage.ts'
import type { Repository } from '../repository/repository.ts'
import type { ArchiveListener } from './archiveEvent.ts'
import type { Located } from './locate.ts'

interface DescribeOptions {
  repository: Repository
  dataDir: string
  clock: Clock
  listener: ArchiveListener
  signal: AbortSignal
}

/**
 * Says again what the first lineage of a store is, where something has removed that: it has left no other one, so that its name says all that
 * it takes to follow it. What only the lost description knew is left out. Of any other lineage nobody knows where it left which.
 */
export async function describeFirstAgain(
  database: string,
  { repository, dataDir, clock, listener, signal }: DescribeOptions,
  { root, storeId, segments }: Located,
): Promise<void> {
  const origin = await originOf(logDirectory(dataDir, database), segments).catch(ifDamaged(undefined))
  const description: Lineage = {
    id: root,
    database,
    storeId,
    ...(origin ? { origin } : {}),
    created: clock.now().toISOString(),
  }
  if (await repository.archive.putLineage(description, { signal })) listener({ database, kind: 'described', lineage: root })
}

/** The transaction before the first archived one, as a live log says that has that one, too. */
async function originOf(directory: string, segments: Located['segments']): Promise<Lineage['origin']> {
  const [oldest] = segments.toSorted((a, b) => a.first - b.first)
  if (!oldest || !placeBehind(await findTransaction(directory, oldest.last), oldest.checksum)) return undefined
  const id = oldest.first - 1
  const found = await findTransaction(directory, id)
  return 'checksum' in found && found.checksum !== undefined ? { id, checksum: found.checksum } : undefined
}
