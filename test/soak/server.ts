import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Driver } from 'neo4j-driver'
import neo4j from 'neo4j-driver'
import type { Installation } from '../../src/neo4j/installation.ts'
import { startNeo4j } from '../../src/neo4j/instance.ts'
import type { Neo4jInstance } from '../../src/neo4j/neo4jInstance.ts'
import type { Random } from '../support/workload/random.ts'

/** A Neo4j that is made to checkpoint, rotate and prune all the time, each start in another way, and that may be killed. */
export class SoakServer implements AsyncDisposable {
  readonly dataDir: string
  readonly #installation: Installation
  readonly #home: string
  readonly #random: Random
  readonly #lost = Promise.withResolvers<never>()
  #running: { instance: Neo4jInstance; driver: Driver } | undefined
  #log = ''
  #checkpoints = 0
  /** What the present start was configured with. */
  settings: Readonly<Record<string, string>> = {}

  constructor(installation: Installation, folder: string, random: Random) {
    this.#installation = installation
    this.#home = join(folder, 'home')
    this.dataDir = join(folder, 'data')
    this.#random = random
    // Whoever cares waits for it; that nobody does is no failure of its own.
    this.#lost.promise.catch(() => {})
  }

  /** Rejects when the server ends though nobody here asked it to. */
  get lost(): Promise<never> {
    return this.#lost.promise
  }

  get driver(): Driver {
    return this.#present().driver
  }

  get uri(): string {
    return this.#present().instance.boltUri
  }

  /** Starts it with settings chosen anew. */
  async start(): Promise<Driver> {
    await this.checkpoints()
    this.settings = randomSettings(this.#random)
    const instance = await startNeo4j({
      installation: this.#installation,
      home: this.#home,
      dataDir: this.dataDir,
      // Neo4j does not see every deadlock between a change of the schema and writers by itself.
      settings: { ...this.settings, 'db.lock.acquisition.timeout': '20s' },
      pageCache: this.#random.pick(['8m', '24m', '64m']),
      heap: '640m',
    })
    const driver = openDriver(instance.boltUri)
    this.#running = { instance, driver }
    void this.#watch(instance)
    return driver
  }

  /** Stops it as an operator would, with a last checkpoint. */
  async stop(): Promise<void> {
    const { instance, driver } = this.#present()
    this.#running = undefined
    await driver.close()
    if (!(await instance.stop())) throw new Error('Neo4j did not stop when asked to')
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    const { instance, driver } = this.#present()
    this.#running = undefined
    await instance.kill()
    await driver.close()
  }

  /** How many checkpoints of the database the server's log has told of since the first start. */
  async checkpoints(): Promise<number> {
    const log = await readFile(join(this.#home, 'logs', 'debug.log'), 'utf8').catch(() => '')
    // Some versions begin a new log at each start.
    const news = log.slice(log.startsWith(this.#log) ? this.#log.length : 0)
    this.#log = log
    this.#checkpoints += news.match(/\[neo4j\/[^\n]* checkpoint completed /g)?.length ?? 0
    return this.#checkpoints
  }

  async #watch(instance: Neo4jInstance): Promise<void> {
    const { code, signal } = await instance.exited
    if (this.#running?.instance !== instance) return
    this.#lost.reject(new Error(`Neo4j ended by itself with ${signal ?? `code ${code}`}; its log is in ${this.#home}`))
  }

  #present(): { instance: Neo4jInstance; driver: Driver } {
    if (this.#running === undefined) throw new Error('the server is not running')
    return this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running !== undefined) await this.kill()
  }
}

/** A driver that tells 1 from 1.0. */
export function openDriver(uri: string): Driver {
  return neo4j.driver(uri, undefined, { useBigInt: true, telemetryDisabled: true })
}

function randomSettings(random: Random): Record<string, string> {
  return {
    'db.checkpoint.interval.time': random.pick(['1s', '3s', '8s']),
    'db.checkpoint.interval.tx': random.pick(['20', '200', '2000']),
    'db.tx_log.rotation.size': random.pick(['128k', '256k', '1m']),
    'db.tx_log.rotation.retention_policy': random.pick(['keep_none', '1 files', '2 files', '200k size', 'keep_all']),
    'db.tx_log.preallocate': random.pick(['true', 'false']),
    // Else statistics that change as the graph does make Neo4j plan its queries again and again.
    'dbms.cypher.min_replan_interval': '1h',
  }
}
