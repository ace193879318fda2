import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../core/errors.ts'
import { type Connection, Graph, isRefusal, type Password } from './graph.ts'
import { hasOpenedBolt, readServerLog } from './serverLog.ts'
import { StartFailure } from './startFailure.ts'

/** Milliseconds between two looks. */
const pause = 40

/** What a starting server is expected to do. */
export interface Expectation {
  home: string
  connection: Connection
  /** The password that a fresh server has, to be replaced by that of the connection. */
  initialPassword?: Password | undefined
  signal: AbortSignal
}

/**
 * Waits until a server answers a query on its default database.
 * @throws HoldfastError `neo4j-unavailable` where the database cannot be started, or the user is refused.
 * @throws the signal's reason when it is aborted.
 */
export async function untilReady({ home, connection, initialPassword, signal }: Expectation): Promise<void> {
  // That somebody listens on the port proves nothing: another server may have taken it before this one could.
  while (!hasOpenedBolt(await readServerLog(home))) await delay(pause, undefined, { signal })
  await using graph = await Graph.open(connection)
  let initial = initialPassword
  for (;;) {
    try {
      await graph.query('RETURN 1')
      return
    } catch (error) {
      signal.throwIfAborted()
      if (isRefusal(error) && initial !== undefined) {
        await replacePassword(connection, initial)
        initial = undefined
        continue
      }
      if (!isUnavailable(error)) throw error
      await requireStartable(graph, error)
    }
    await delay(pause, undefined, { signal })
  }
}

/** A database that failed to start stays down; waiting for it would be in vain. */
async function requireStartable(graph: Graph, error: HoldfastError): Promise<void> {
  let rows: Record<string, unknown>[]
  try {
    rows = await graph.query('SHOW DEFAULT DATABASE YIELD name, currentStatus, statusMessage', {}, { database: 'system' })
  } catch (notYet) {
    if (isUnavailable(notYet)) return
    throw notYet
  }
  const [row] = rows
  const status = String(row?.['currentStatus'])
  if (row === undefined || ['online', 'starting', 'initial', 'unknown'].includes(status)) return
  throw new StartFailure('neo4j-unavailable', `database '${String(row['name'])}' is ${status}: ${String(row['statusMessage'])}`, {
    cause: error,
  })
}

async function replacePassword(connection: Connection, present: Password): Promise<void> {
  await using graph = await Graph.open({ ...connection, password: present })
  await graph.query(
    'ALTER CURRENT USER SET PASSWORD FROM $present TO $wanted',
    { present: present.reveal(), wanted: connection.password?.reveal() },
    { database: 'system', write: true },
  )
}

function isUnavailable(error: unknown): error is HoldfastError {
  return error instanceof HoldfastError && error.code === 'neo4j-unavailable' && !isRefusal(error)
}
