import { setTimeout as delay } from 'node:timers/promises'
import type { Driver } from 'neo4j-driver'
import { entityLabel } from './change.ts'
import { Gate } from './gate.ts'
import type { GraphSize } from './planner.ts'
import { Random } from './random.ts'
import { relationshipLookup, schemaCatalogue } from './schemaCatalogue.ts'
import { SchemaClient } from './schemaClient.ts'
import { isConnectionLoss } from './serverErrors.ts'
import type { Position } from './writer.ts'
import { Writer } from './writer.ts'

export interface WorkloadOptions {
  /** The same seed gives the same operations. */
  seed: string
  writers: number
  /** Of each writer's part of the graph. */
  size: GraphSize
  /** Milliseconds from the start of one operation of a writer to the start of its next, at least and on average. */
  pace: number
  /** Milliseconds from one schema change to the next. */
  schemaPace: number
  /** Whether Neo4j has vector indexes. */
  withVectors: boolean
}

export interface Positions {
  writers: Position[]
  schema: Position
}

interface Waiting {
  reached: (positions: Positions) => boolean
  resolve: () => void
  reject: (error: unknown) => void
}

/** Several clients that write to one Neo4j at once, each a part of the graph of its own, and one that changes the schema. */
export class Workload implements AsyncDisposable {
  readonly options: WorkloadOptions
  readonly #writers: Writer[]
  readonly #schema: SchemaClient
  readonly #gate = new Gate()
  readonly #stop = new AbortController()
  #clients: Promise<void>[] = []
  readonly #waiting = new Set<Waiting>()
  #failure: unknown

  constructor(options: WorkloadOptions) {
    this.options = options
    this.#writers = Array.from({ length: options.writers }, (_, id) => new Writer(options.seed, id, options.size))
    this.#schema = new SchemaClient(options.seed, schemaCatalogue(options.withVectors))
  }

  get positions(): Positions {
    return { writers: this.#writers.map(({ position }) => position), schema: this.#schema.position }
  }

  /** Nodes and relationships that are there now. */
  get entities(): number {
    return this.#writers.reduce((sum, { entities }) => sum + entities, 0)
  }

  /** Makes an empty database ready and lets the clients begin. */
  async start(driver: Driver): Promise<void> {
    await setUp(driver, this.options.writers)
    this.#clients = [
      ...this.#writers.map((writer) => this.#loop(writer, this.options.pace)),
      this.#loop(this.#schema, this.options.schemaPace),
    ]
    this.resume(driver)
  }

  /** Lets the clients go on, on a server that may have been restarted. */
  resume(driver: Driver): void {
    this.#gate.open(driver)
  }

  /** Lets every client finish the step it is in, and start no other. */
  async pause(): Promise<void> {
    await this.#gate.close()
  }

  /** Waits until the clients are as far as asked. @throws what a client failed with, other than a lost server. */
  async until(reached: (positions: Positions) => boolean): Promise<void> {
    this.check()
    if (reached(this.positions)) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.add({ reached, resolve, reject })
    await promise
  }

  /** @throws what a client failed with, other than a lost server. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  async #loop(client: Writer | SchemaClient, pace: number): Promise<void> {
    const { signal } = this.#stop
    const random = new Random(`${this.options.seed}/pace`)
    try {
      for (;;) {
        const begun = performance.now()
        await this.#turn(client, signal)
        this.#tell()
        const wait = pace * (0.5 + random.fraction()) - (performance.now() - begun)
        if (wait > 0) await delay(wait, undefined, { signal })
      }
    } catch (error) {
      if (signal.aborted) return
      this.#failure ??= error
      this.#stop.abort()
      for (const { reject } of this.#waiting) reject(error)
    }
  }

  #tell(): void {
    const { positions } = this
    for (const waiting of this.#waiting) {
      if (!waiting.reached(positions)) continue
      this.#waiting.delete(waiting)
      waiting.resolve()
    }
  }

  async #turn(client: Writer | SchemaClient, signal: AbortSignal): Promise<void> {
    const driver = await this.#gate.enter(signal)
    try {
      await client.step(driver)
    } catch (error) {
      if (!isConnectionLoss(error)) throw error
      this.#gate.lost(driver)
    } finally {
      this.#gate.leave()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#clients)
  }
}

/** The constraint that operations find their nodes by, the markers, and no index the schema client does not know. */
async function setUp(driver: Driver, writers: number): Promise<void> {
  const session = driver.session({ database: 'neo4j' })
  try {
    await session.run(`CREATE CONSTRAINT entity_uid FOR (n:${entityLabel}) REQUIRE n.uid IS UNIQUE`)
    const shown = await session.run(
      'SHOW INDEXES YIELD name, type, entityType WHERE type = $type AND entityType = $entity RETURN name',
      { type: relationshipLookup.type, entity: relationshipLookup.entity },
    )
    for (const record of shown.records) await session.run(`DROP INDEX ${record.get('name') as string}`)
    await session.run('UNWIND range(0, $last) AS id CREATE (:Writer {id: id, seq: 0})', { last: BigInt(writers - 1) })
    await session.run('CREATE (:SchemaClient {begun: 0, done: 0})')
    await session.run('CALL db.awaitIndexes(300)')
  } finally {
    await session.close()
  }
}
