import { type Connection, connect, type Graph, type Password } from './graph.ts'
import type { Exit, ServerProcess } from './serverProcess.ts'

/** Who may log in: anyone, or one user whose password a fresh server is given. */
export type Authentication = 'none' | { user: string; password: Password }

/** What is known of a server that was started. */
export interface InstanceFacts {
  /** Such as `5.26.30`. */
  version: string
  /** Its scratch folder: `conf`, `logs`, `run`. */
  home: string
  dataDir: string
  /** Such as `bolt://127.0.0.1:40123`. */
  boltUri: string
}

/** Milliseconds that a server has for its last checkpoint before it is killed. */
const stopLimit = 120_000

/** A Neo4j that this process started and that ends with it at the latest, however that ends. */
export class Neo4jInstance implements AsyncDisposable {
  readonly version: string
  readonly home: string
  readonly dataDir: string
  readonly boltUri: string
  readonly pid: number
  /** How to log in. */
  readonly connection: Connection
  /** Resolves when the process is gone, for whatever reason; never rejects. */
  readonly exited: Promise<Exit>
  readonly #process: ServerProcess

  /** Use `startNeo4j`. */
  constructor(serverProcess: ServerProcess, { version, home, dataDir, boltUri }: InstanceFacts, authentication: Authentication) {
    this.version = version
    this.home = home
    this.dataDir = dataDir
    this.boltUri = boltUri
    this.pid = serverProcess.pid
    this.exited = serverProcess.exited
    this.connection = { uri: boltUri, ...(authentication === 'none' ? {} : authentication) }
    this.#process = serverProcess
  }

  /** Opens a connection, to be closed by the caller. */
  async connect(options: Pick<Connection, 'timeout'> = {}): Promise<Graph> {
    return connect({ ...this.connection, ...options })
  }

  /**
   * Stops the server as an operator would, with a last checkpoint; kills it after a limit in milliseconds.
   * @returns whether it stopped by itself.
   */
  async stop({ limit = stopLimit }: { limit?: number } = {}): Promise<boolean> {
    return this.#process.stop(limit)
  }

  /** Ends the server at once, as a crash would. */
  async kill(): Promise<void> {
    await this.#process.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
