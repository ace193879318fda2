import { HoldfastError, integrityError } from '../core/errors.ts'
import { skipBytes } from '../core/skipBytes.ts'
import { ArchivedHistory, byStanding } from '../repository/archivedHistory.ts'
import { coverFrom, type Link } from '../repository/archiveChain.ts'
import { twoHistories } from '../repository/oneHistory.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf } from '../repository/segmentName.ts'
import type { NewToken } from '../txlog/changes/transactionChanges.ts'
import { logHeaderLength } from '../txlog/logFileHeader.ts'
import { transactionsIn } from '../txlog/transactionBytes.ts'
import { backupTokens } from './backupTokens.ts'
import type { LoggedTransaction, LogSource } from './logSource.ts'

/** What is to be read of an archive. */
interface Wanted {
  database: string
  /** The lineage to follow; unless given the one with the latest transaction, but none that another one has left. */
  lineage?: string | undefined
  signal: AbortSignal
}

/**
 * The archived log of a database, with what its lineage inherited; only reads.
 * @throws HoldfastError `usage` where nothing of it is archived, or there is no such lineage.
 */
export async function archivedLog(repository: Repository, { database, lineage: wanted, signal }: Wanted): Promise<LogSource> {
  const history = await ArchivedHistory.read(repository, signal)
  if (wanted !== undefined) history.requireFollowable(wanted)
  const lineages = lineagesOf(history, database)
  const lineage = wanted ?? lineages[0]
  if (wanted === undefined) await requireReadable(repository, history, { database, lineage, signal })
  if (lineage === undefined || !lineages.includes(lineage)) {
    throw new HoldfastError(
      'usage',
      `no archived log of ${database}${wanted === undefined ? '' : ` of lineage ${wanted}`} in ${repository.location}`,
      {
        hint: `see \`holdfast archive status\`; found ${lineages.join(', ') || 'none'}`,
      },
    )
  }
  const links = history.chain(lineage)
  return {
    name: `archived log of ${database}`,
    tokens: async () => tokensBefore(repository, history, { database, links, signal }),
    stretchTo: (id) => stretchTo(links, id),
    transactions: (from) => readChain(repository, history, links, { from, signal }),
  }
}

/** The lineages of a database, in the order in which a restore follows them. */
function lineagesOf(history: ArchivedHistory, database: string): string[] {
  const own = [...history.lineages.values()].filter((lineage) => lineage.database === database)
  const stores = new Map(own.map((lineage) => [rootOf(lineage.id), lineage]))
  return [...stores.values()]
    .flatMap((store) => history.standingsOf(store))
    .filter(({ lineage }) => own.some(({ id }) => id === lineage))
    .toSorted(byStanding)
    .map(({ lineage }) => lineage)
}

/** Makes sure that nothing of the database that went on later than a lineage is damaged; a backup may know a store of which nothing else can be told. */
async function requireReadable(
  repository: Repository,
  history: ArchivedHistory,
  { database, lineage, signal }: { database: string; lineage: string | undefined; signal: AbortSignal },
): Promise<void> {
  if (history.damaged.size === 0) return
  if (lineage === undefined) return history.requireReadable(undefined)
  const described = [...history.lineages.values()].filter((each) => each.database === database)
  const backups = await repository.listBackups({ signal })
  const backedUp = backups.flatMap(({ manifest }) => manifest?.databases ?? []).filter(({ name }) => name === database)
  for (const store of [...described, ...backedUp]) history.requireReadable(store, history.latestOf(lineage))
}

/** The names that the newest backup knows which the chain goes through: also those that were given in a gap; the log tells those that came later. */
async function tokensBefore(
  repository: Repository,
  history: ArchivedHistory,
  { database, links, signal }: { database: string; links: readonly Link[]; signal: AbortSignal },
): Promise<NewToken[]> {
  for (const { manifest } of (await repository.listBackups({ signal })).toReversed()) {
    const base = manifest?.databases.find(({ name }) => name === database)
    if (!manifest || !base) continue
    try {
      if (await history.goesThrough(links, base.lastTransaction)) return await backupTokens(repository, manifest, base, signal)
    } catch (error) {
      // An older one knows most of them, and damage of what is shown is told when that is read.
      integrityError(error)
    }
  }
  return []
}

function stretchTo(links: readonly Link[], id: number): number {
  let [begin, next] = [0, 0]
  for (const { segment, upTo } of links) {
    if (segment.first > id) break
    if (segment.first > next) begin = segment.first
    next = Math.max(next, upTo + 1)
  }
  return id < next ? begin : id
}

async function* readChain(
  repository: Repository,
  history: ArchivedHistory,
  links: readonly Link[],
  { from, signal }: { from: number; signal: AbortSignal },
): AsyncGenerator<LoggedTransaction> {
  const begin = links[0]?.segment.first
  if (begin === undefined) return
  let last = Math.max(begin, from) - 1
  let hasRead = false
  for (const { segment, upTo } of coverFrom(links, last)) {
    const log = repository.archive.readLog(segment, { signal })
    const position = Math.max(segment.start, logHeaderLength)
    const chunks = skipBytes(log, position - segment.start)
    for await (const { transaction, bytes } of transactionsIn(chunks, { position, expectedId: segment.first })) {
      signal.throwIfAborted()
      if (transaction.id <= last || transaction.id > upTo) continue
      const parting = history.partingAt(segment.lineage, transaction)
      if (parting) throw twoHistories(parting)
      last = transaction.id
      hasRead = true
      yield { transaction, bytes, logVersion: segment.logVersion }
    }
  }
  const later = links.find(({ segment }) => segment.first > last)
  if (!later) return
  const before = hasRead ? `what is before with --to-tx ${last}, ` : ''
  throw new HoldfastError('integrity', `transactions ${last + 1} to ${later.segment.first - 1} are not archived`, {
    hint: `read ${before}what follows with --from-tx ${later.segment.first}`,
  })
}
