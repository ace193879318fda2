import type { ProgressListener } from '../core/progress.ts'
import { TokenNames } from '../txlog/changes/tokenNames.ts'
import { transactionChanges } from '../txlog/changes/transactionChanges.ts'
import { decodeTransaction } from '../txlog/commands/decodeTransaction.ts'
import type { TokenKind } from '../txlog/commands/tokenCommand.ts'
import { asksForChanges, ChangeMatcher, type Criteria, isInRange, type Known } from './criteria.ts'
import { EntityMemory } from './entityMemory.ts'
import type { LogSource } from './logSource.ts'
import { NewestTransactions } from './newestTransactions.ts'
import { shownChange } from './shownChange.ts'
import type { ShownTransaction } from './shownTransaction.ts'
import { summarise } from './summary.ts'

/** What a log says. */
export interface LogReport {
  /** The newest that match, oldest first. */
  transactions: ShownTransaction[]
  /** How many match, shown or not. */
  matched: number
  /** What was asked for and is the name of nothing in the log or the store: mistyped, perhaps. */
  unknownNames: string[]
  /** What was read to find them. */
  read: { transactions: number; bytes: number; first: number | null; last: number | null; undecoded: number }
}

export interface ShowOptions {
  criteria: Criteria
  /** How many transactions are shown at most. */
  limit: number
  /** Whether each change is told, not only how many there are. */
  details: boolean
  /** Names of properties whose values are kept back. */
  hidden?: readonly string[]
  /** Of how many bytes of log, of one transaction or of many, details are kept; they take several times as much memory. 32 MiB unless told. */
  detailedBytes?: number
  progress: ProgressListener
}

/** How many bytes are read between two reports of progress. */
const reportEvery = 1 << 24

/**
 * Reads a log and tells what its transactions did. A transaction that could not be decoded to its end is shown whenever its id and time are
 * wanted, since nobody knows what is in it.
 * @throws HoldfastError what the source throws
 */
export async function showLog(
  source: LogSource,
  { criteria, limit, details, hidden, detailedBytes = 32 << 20, progress }: ShowOptions,
): Promise<LogReport> {
  const known: Known = { names: new TokenNames(), memory: new EntityMemory() }
  for (const token of await source.tokens()) known.names.add(token)
  const matcher = new ChangeMatcher(criteria, known)
  const choosy = asksForChanges(criteria)
  const newest = new NewestTransactions(limit, detailedBytes)
  const read: LogReport['read'] = { transactions: 0, bytes: 0, first: null, last: null, undecoded: 0 }
  let reported = 0
  const { fromId = 0, toId = Infinity } = criteria
  // What is looked for may have been said of an entity long before.
  const from = choosy ? source.stretchTo(fromId) : fromId
  for await (const { transaction, bytes, logVersion } of source.transactions(from)) {
    const { id, commitTime, offset, kernelVersion } = transaction
    if (id > toId) break
    read.first ??= id
    read.last = id
    read.transactions++
    read.bytes += bytes.length
    if (read.bytes - reported >= reportEvery) progress({ phase: `read ${source.name}`, done: (reported = read.bytes) })
    const { commands, stopped } = decodeTransaction(bytes)
    const changes = transactionChanges(commands)
    for (const token of changes.tokens) known.names.add(token)
    const matching = choosy ? matcher.matching(changes) : undefined
    if (isInRange(transaction, criteria) && (matching?.length !== 0 || stopped)) {
      const wanted = matching ?? [...changes.nodes, ...changes.relationships]
      const told = details ? Math.ceil(wanted.length * Math.min(1, detailedBytes / bytes.length)) : 0
      newest.add(
        {
          id,
          committed: new Date(commitTime).toISOString(),
          size: bytes.length,
          logVersion,
          offset,
          kernelVersion,
          ...summarise(changes, known),
          ...(matching && { matching: matching.length }),
          ...(details && told < wanted.length && { changesLeftOut: wanted.length - told }),
          ...(stopped && { undecoded: stopped }),
        },
        details ? wanted.slice(0, told).map((change) => shownChange(change, known, hidden)) : undefined,
      )
    }
    known.memory.remember(changes)
    if (stopped) {
      read.undecoded++
      known.memory.forget()
      matcher.forget()
    }
    // What is behind may be missing.
    if (id === toId) break
  }
  return { transactions: newest.list(), matched: newest.added, unknownNames: unknownNames(criteria, known.names), read }
}

function unknownNames({ label, type, entity }: Criteria, names: TokenNames): string[] {
  const key = entity && 'property' in entity ? entity.property : undefined
  const asked: [TokenKind, string | undefined][] = [
    ['label', label],
    ['relationship type', type],
    ['property key', key],
  ]
  return asked.flatMap(([of, name]) =>
    name === undefined || [...names.all(of).values()].includes(name) ? [] : [`${of} ${name}`],
  )
}
