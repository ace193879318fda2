import type { Graph } from '../neo4j/graph.ts'

/**
 * A client that never pauses: it writes nodes `(:Note {number})` numbered from 1, one a transaction, and remembers what the server
 * has acknowledged, so that anyone can tell later whether a write was lost or made up.
 */
export class BusyWriter {
  readonly #graph: Graph
  readonly #ended: Promise<void>
  #stopped = false
  #sent = 0
  #acknowledged = 0
  #failure: unknown
  #waiting: { number: number; resolve: () => void }[] = []

  /** @param written the number of the last write of another one that it continues */
  constructor(graph: Graph, written = 0) {
    this.#graph = graph
    this.#sent = written
    this.#acknowledged = written
    this.#ended = this.#write().catch((error: unknown) => {
      this.#failure = error
      this.#wake()
    })
  }

  /** The number of the last write that was begun. */
  get sent(): number {
    return this.#sent
  }

  /** The number of the last write that the server has confirmed. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Resolves when this many more writes are confirmed. @throws what made writing fail. */
  async advance(by: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ number: this.#acknowledged + by, resolve })
    this.#wake()
    await promise
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Stops after the write under way. @throws what made writing fail. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#ended
    if (this.#failure !== undefined) throw this.#failure
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const number = this.#sent + 1
      this.#sent = number
      const text = `note ${number}, written while a backup may be under way`
      await this.#graph.query(
        'MATCH (topic:Topic {number: $topic}) CREATE (:Note {number: $number, text: $text})-[:ABOUT]->(topic)',
        { topic: BigInt(number % 100), number: BigInt(number), text },
        { write: true },
      )
      this.#acknowledged = number
      this.#wake()
    }
  }

  #wake(): void {
    const reached = ({ number }: { number: number }): boolean => this.#failure !== undefined || number <= this.#acknowledged
    for (const waiting of this.#waiting.filter(reached)) waiting.resolve()
    this.#waiting = this.#waiting.filter((waiting) => !reached(waiting))
  }
}
