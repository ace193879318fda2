import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startNeo4j } from '../src/neo4j/instance.ts'
import type { Neo4jInstance } from '../src/neo4j/neo4jInstance.ts'
import type { BenchStore } from './store.ts'

/** A copy of a store and a server for it, which runs or not, as a contender needs it. */
export class LiveStore implements AsyncDisposable {
  readonly dataDir: string
  /** A shell command that stops the server as an operator would, and ends when it is gone. */
  readonly stopCommand: string
  readonly #store: BenchStore
  readonly #home: string
  readonly #pidFile: string
  #instance: Neo4jInstance | undefined

  /** @param folder does not exist yet */
  static async copy(store: BenchStore, folder: string): Promise<LiveStore> {
    const live = new LiveStore(store, folder)
    await cp(store.dataDir, live.dataDir, { recursive: true })
    return live
  }

  private constructor(store: BenchStore, folder: string) {
    this.#store = store
    this.dataDir = join(folder, 'data')
    this.#home = join(folder, 'home')
    this.#pidFile = join(folder, 'pid')
    this.stopCommand = `pid=$(cat ${this.#pidFile}); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.02; done`
  }

  readonly running = async (): Promise<void> => {
    if (this.#instance) return
    const { installation } = this.#store
    // Without options it has all of Java's optimisation, as in production.
    const instance = await startNeo4j({ installation, home: this.#home, dataDir: this.dataDir, heap: '2g', javaOptions: [] })
    this.#instance = instance
    void instance.exited.then(() => (this.#instance = undefined))
    await writeFile(this.#pidFile, String(instance.pid))
  }

  readonly stopped = async (): Promise<void> => {
    await this.#instance?.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopped()
  }
}
