import { HoldfastError } from '../core/errors.ts'
import { coverFrom, type Link } from '../repository/archiveChain.ts'
import type { StoredSegment } from '../repository/archive.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { twoHistories } from '../repository/oneHistory.ts'
import type { Transaction } from '../txlog/transaction.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'

/** A transaction at the end of a restored database. */
export type EndTransaction = ManifestDatabase['lastTransaction']

/** A segment to write, up to that offset in its log file, in bytes: where transaction `upTo` ends. */
export interface ReplayLink extends Link {
  end: number
}

/** The archived log that takes one database from a backup to the restore point. */
export interface Replay {
  database: string
  /** The last transaction of the backup. */
  from: EndTransaction
  /** The last transaction of the restored database. */
  to: EndTransaction
  /** The latest commit time of all its transactions, milliseconds since 1970: commit times need not grow with the ids. */
  latest: number
  lineage: string | undefined
  links: ReplayLink[]
  /** Whether it is known that nothing wanted is missing: a transaction that is not wanted follows. */
  bounded: boolean
  /** Bytes of log. */
  size: number
  /** What is not certain of it, in sentences for the operator. */
  doubts: string[]
}

/** Decides at a transaction whether the restored database still gets it; once it does not, it gets none behind it either. */
export type Wanted = (transaction: Pick<Transaction, 'id' | 'commitTime'>) => boolean

/** The last transaction of each database that gets archived log. */
export function endsOf(replays: readonly Replay[]): Record<string, { id: number; checksum: number }> {
  const grown = replays.filter(({ links }) => links.length > 0)
  return Object.fromEntries(grown.map(({ database, to: { id, checksum } }) => [database, { id, checksum }]))
}

/** A backup as it is, with no log behind it. */
export function replayNothing({ name, lastTransaction }: ManifestDatabase): Replay {
  const latest = Date.parse(lastTransaction.commitTime)
  return {
    database: name,
    from: lastTransaction,
    to: lastTransaction,
    latest,
    lineage: undefined,
    links: [],
    bounded: false,
    size: 0,
    doubts: [],
  }
}

/**
 * Finds the archived transactions behind a backup that are wanted, and reads and verifies every one of them.
 * @param links of a chain that goes through the backup.
 * @throws HoldfastError `integrity` where a segment is damaged, the chain is broken, or it is of two histories.
 */
export async function findReplay(
  history: ArchivedHistory,
  base: ManifestDatabase,
  { lineage, links, wanted }: { lineage: string | undefined; links: readonly Link[]; wanted: Wanted },
): Promise<Replay> {
  const replay: Replay = { ...replayNothing(base), lineage }
  let parted: StoredSegment | undefined
  const requireOneUpTo = (id: number): void => {
    if (parted && parted.first <= id) throw twoHistories(parted)
  }
  const { from } = replay
  let before = { id: from.id, checksum: from.checksum }
  let version = 0
  const cover = coverFrom(links, from.id)
  for (const [place, link] of cover.entries()) {
    if (link.segment.logVersion < version) throw fallingVersion(base.name, link.segment, version)
    version = link.segment.logVersion
    let end: Parameters<Wanted>[0] | undefined
    let last: Transaction | undefined
    const behind: Behind = { count: 0, last: 0 }
    const { origin } = history.lineages.get(link.segment.lineage) ?? {}
    let seen = origin?.id === before.id && link.segment.first === before.id + 1 ? origin : undefined
    const parting = await history.read(link, (transaction) => {
      if (transaction.id === before.id) seen = transaction
      const { id, commitTime } = transaction
      if (id <= before.id || id > link.upTo) return
      if (end) {
        if (!wanted(transaction)) return
        behind.count += 1
        behind.last = id
        return
      }
      if (id === before.id + 1 && transaction.previousChecksum !== undefined)
        seen ??= { id: before.id, checksum: transaction.previousChecksum }
      if (!wanted(transaction)) {
        end = { id, commitTime }
        return
      }
      last = transaction
      replay.latest = Math.max(replay.latest, commitTime)
    })
    if (parting && parting.first < (parted?.first ?? Number.POSITIVE_INFINITY)) parted = parting
    if (seen && seen.checksum !== before.checksum) {
      requireOneUpTo(link.upTo)
      throw brokenChain(base.name, before, seen.checksum)
    }
    if (last) {
      replay.links.push({ ...link, upTo: last.id, end: last.end })
      replay.size += last.end - link.segment.start
      replay.to = { id: last.id, checksum: last.checksum, commitTime: new Date(last.commitTime).toISOString() }
      before = last
    }
    if (end) {
      replay.bounded = true
      countByName(behind, cover.slice(place), wanted)
      if (behind.count > 0) replay.doubts.push(passedOver(base.name, end, behind))
      break
    }
  }
  requireOneUpTo(replay.to.id)
  return replay
}

/** Transactions that are wanted by themselves, but are behind one that is not; the id of the last of them. */
interface Behind {
  count: number
  last: number
}

/** Adds those in the links behind the first one, which are not read: all of a segment that has no later transaction. */
function countByName(behind: Behind, links: readonly Link[], wanted: Wanted): void {
  let before = links[0]?.upTo ?? 0
  for (const { segment, upTo } of links.slice(1)) {
    if (wanted({ id: upTo, commitTime: segment.latest })) {
      behind.count += upTo - before
      behind.last = upTo
    }
    before = upTo
  }
}

/** A clock was wrong, or they were committed side by side. */
function passedOver(database: string, { id, commitTime }: Parameters<Wanted>[0], { count, last }: Behind): string {
  const time = new Date(commitTime).toISOString()
  return `${database} ends before transaction ${id}, which was committed at ${time}, after the moment; at least ${count} later transactions, up to transaction ${last}, were committed in time and are left out: a restore to a transaction takes them`
}

/** Each file is cut behind what is written to it, so one that comes again would lose what is in it. */
function fallingVersion(database: string, { lineage, first, logVersion }: StoredSegment, before: number): HoldfastError {
  return new HoldfastError(
    'integrity',
    `the archived log of ${database} does not hold together: transaction ${first} of lineage ${lineage} is in log file ${logVersion}, the one before it in ${before}`,
    { hint: `a restore to transaction ${first - 1} is possible; take a new backup of the database as it is now` },
  )
}

function brokenChain(database: string, before: { id: number; checksum: number }, found: number): HoldfastError {
  return new HoldfastError(
    'integrity',
    `the archived log of ${database} does not hold together: transaction ${before.id} has checksum ${before.checksum}, the log behind it says ${found}`,
    { hint: 'a restore up to that transaction is possible; take a new backup of the database as it is now' },
  )
}
