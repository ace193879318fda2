import type { Driver, Neo4jError } from 'neo4j-driver'
import { HoldfastError } from '../core/errors.ts'
import { transactionOfBookmark } from './bookmark.ts'

/** A password as its owner hands it over: to be asked for, and in no text that could be printed. */
export interface Password {
  reveal(): string
}

/** How to reach a server. */
export interface Connection {
  /** Such as `bolt://localhost:7687`. */
  uri: string
  /** Without it the server must not ask for one. */
  user?: string | undefined
  password?: Password | undefined
  /** Milliseconds a query may take; 60 seconds unless told. */
  timeout?: number | undefined
  /** Milliseconds until a connection must stand; 10 seconds unless told. */
  connectTimeout?: number | undefined
}

/** What a query is run on and as. */
export interface QueryOptions {
  /** The user's default database unless told. */
  database?: string | undefined
  write?: boolean | undefined
  timeout?: number | undefined
}

export interface ServerInfo {
  /** Such as `5.26.30`. */
  version: string
  /** `community` or `enterprise`. */
  edition: string
}

const refusalPrefix = 'Neo.ClientError.Security.'

/** Whether an error says that the server does not let this user do this, or does not know the user or the password. */
export function isRefusal(error: unknown): boolean {
  const { cause } = error instanceof HoldfastError ? error : {}
  return isServerError(cause) && cause.code.startsWith(refusalPrefix)
}

/**
 * Connects to a server and makes sure that it answers.
 * @throws HoldfastError `neo4j-unavailable` where it does not, or refuses the user.
 */
export async function connect(connection: Connection): Promise<Graph> {
  const graph = await Graph.open(connection)
  try {
    await graph.serverInfo()
    return graph
  } catch (error) {
    await graph[Symbol.asyncDispose]()
    throw error
  }
}

/** A connection to a server over Bolt. */
export class Graph implements AsyncDisposable {
  readonly uri: string
  readonly #driver: Driver
  readonly #timeout: number

  private constructor(uri: string, driver: Driver, timeout: number) {
    this.uri = uri
    this.#driver = driver
    this.#timeout = timeout
  }

  /** Use {@link connect}, which also makes sure that the server answers. */
  static async open({ uri, user, password, timeout = 60_000, connectTimeout = 10_000 }: Connection): Promise<Graph> {
    // The driver takes longer to load than all of this program: only who talks to a server pays for it.
    const { default: neo4j } = await import('neo4j-driver')
    const auth = user === undefined || password === undefined ? undefined : neo4j.auth.basic(user, password.reveal())
    const driver = neo4j.driver(uri, auth, {
      connectionTimeout: connectTimeout,
      connectionAcquisitionTimeout: connectTimeout + 1000,
      maxTransactionRetryTime: 0,
      telemetryDisabled: true,
      useBigInt: true,
    })
    return new Graph(uri, driver, timeout)
  }

  /**
   * Runs one query in a transaction of its own and returns its rows; whole numbers are bigints.
   * @throws HoldfastError `neo4j-unavailable` where the server cannot be reached or is not ready, `failed` where it refuses the query.
   */
  async query<Row extends Record<string, unknown> = Record<string, unknown>>(
    cypher: string,
    parameters: Readonly<Record<string, unknown>> = {},
    options: QueryOptions = {},
  ): Promise<Row[]> {
    const { rows } = await this.#run(cypher, parameters, options)
    return rows as Row[]
  }

  /** The version and edition of the server. */
  async serverInfo(): Promise<ServerInfo> {
    const rows = await this.query<{ name: string; versions: string[]; edition: string }>(
      'CALL dbms.components() YIELD name, versions, edition',
      {},
      { database: 'system' },
    )
    const kernel = rows.find(({ name }) => name === 'Neo4j Kernel')
    return { version: kernel?.versions[0] ?? 'unknown', edition: kernel?.edition ?? 'unknown' }
  }

  /** The names of the databases, `system` among them, sorted. */
  async databaseNames(): Promise<string[]> {
    const rows = await this.query<{ name: string }>('SHOW DATABASES YIELD name', {}, { database: 'system' })
    return [...new Set(rows.map(({ name }) => name))].toSorted()
  }

  /** The id of the last transaction that a database has committed. Community hides it everywhere but in its bookmarks. */
  async lastCommittedTransaction(database: string): Promise<bigint> {
    // Not every query is allowed on `system`.
    const query = database === 'system' ? 'SHOW DATABASES YIELD name' : 'RETURN 1'
    const { bookmarks } = await this.#run(query, {}, { database })
    return transactionOfBookmark(bookmarks[0] ?? '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver.close()
  }

  async #run(
    cypher: string,
    parameters: Readonly<Record<string, unknown>>,
    { database, write = false, timeout = this.#timeout }: QueryOptions,
  ): Promise<{ rows: unknown[]; bookmarks: string[] }> {
    const session = this.#driver.session({
      ...(database === undefined ? {} : { database }),
      defaultAccessMode: write ? 'WRITE' : 'READ',
    })
    try {
      const { records } = await session.run(cypher, parameters, { timeout })
      return { rows: records.map((record) => record.toObject()), bookmarks: session.lastBookmarks() }
    } catch (error) {
      throw this.#explained(error)
    } finally {
      await session.close()
    }
  }

  #explained(error: unknown): unknown {
    if (!isServerError(error)) return error
    const { code } = error
    const message = usefulPart(error.message)
    if (code.startsWith(refusalPrefix)) {
      return new HoldfastError('neo4j-unavailable', `Neo4j at ${this.uri} refuses the user: ${message}`, {
        hint: 'check --user and the password file',
        cause: error,
      })
    }
    if (
      ['ServiceUnavailable', 'SessionExpired'].includes(code) ||
      /^Neo\.TransientError|DatabaseUnavailable|DatabaseNotFound/.test(code)
    ) {
      return new HoldfastError('neo4j-unavailable', `Neo4j at ${this.uri} does not answer: ${message}`, {
        hint: 'is it running, and is --uri right?',
        cause: error,
      })
    }
    return new HoldfastError('failed', `Neo4j refuses a query: ${message} (${code})`, { cause: error })
  }
}

/** What the driver says of a failure without its advice about encryption and its table of routes. */
function usefulPart(message: string): string {
  const [said = '', cause] = message.split(/\bCaused by: /, 2)
  return (cause ?? said).replace(/\s*(Please ensure|Known routing table).*$/s, '').trim() || message
}

/** By name, because the class is part of the driver, which may not be loaded. */
function isServerError(error: unknown): error is Neo4jError {
  return error instanceof Error && error.name === 'Neo4jError'
}
