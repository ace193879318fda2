import type { Driver, Session, Transaction } from 'neo4j-driver'
import { GraphModel } from '../graphModel.ts'
import type { Operation } from './change.ts'
import { entityLabel } from './change.ts'
import { inSession } from './inSession.ts'
import type { GraphSize } from './planner.ts'
import { planOperation } from './planOperation.ts'
import { isConstraintViolation } from './serverErrors.ts'
import { statementOf } from './statements.ts'

/** How far a client is: what it has sent may have happened, what was acknowledged must have. */
export interface Position {
  acknowledged: number
  sent: number
}

/** A client that does the numbered operations of its seed one after the other, each moving its marker node on by one. */
export class Writer {
  readonly id: number
  readonly #seed: string
  readonly #size: GraphSize
  readonly #model: GraphModel
  #acknowledged = 0
  #sent = 0

  constructor(seed: string, id: number, size: GraphSize) {
    this.id = id
    this.#seed = seed
    this.#size = size
    this.#model = new GraphModel(id)
  }

  get position(): Position {
    return { acknowledged: this.#acknowledged, sent: this.#sent }
  }

  /** Nodes and relationships that the writer has now. */
  get entities(): number {
    return this.#model.nodes.size + this.#model.relationships.size
  }

  /** Does the next operation, or the last one again where its answer was lost. */
  async step(driver: Driver): Promise<void> {
    const sequence = this.#acknowledged + 1
    const operation = planOperation(this.#seed, this.#model, sequence, this.#size)
    this.#sent = sequence
    await inSession(driver, async (session) => this.#perform(session, operation, sequence))
    if (operation.outcome === 'commit') for (const change of operation.changes) this.#model.apply(change)
    this.#acknowledged = sequence
  }

  async #perform(session: Session, operation: Operation, sequence: number): Promise<void> {
    if (operation.outcome !== 'commit') await this.#fail(session, operation, sequence)
    const transaction = await session.beginTransaction()
    try {
      if (!(await this.#moveMarker(transaction, sequence))) return
      if (operation.outcome === 'commit') await this.#run(transaction, operation)
      await transaction.commit()
    } finally {
      await transaction.close()
    }
  }

  /** Writes what must not stay: rolled back by the client, or by Neo4j because a constraint does not hold. */
  async #fail(session: Session, operation: Operation, sequence: number): Promise<void> {
    const transaction = await session.beginTransaction()
    try {
      await this.#run(transaction, operation)
      if (operation.outcome === 'roll back') {
        await transaction.rollback()
        return
      }
      const text = `CREATE (:${entityLabel} {uid: $uid, writer: $id}) CREATE (:${entityLabel} {uid: $uid, writer: $id})`
      await transaction.run(text, { uid: `twice ${sequence}`, id: BigInt(this.id) })
      throw new Error('Neo4j took two nodes with the same uid in spite of the constraint')
    } catch (error) {
      if (!isConstraintViolation(error)) throw error
    } finally {
      await transaction.close()
    }
  }

  async #run(transaction: Transaction, operation: Operation): Promise<void> {
    await Promise.all(
      operation.changes.map(async (change) => {
        const { text, parameters } = statementOf(change, this.id)
        await transaction.run(text, parameters)
      }),
    )
  }

  /** @returns false where the operation has been committed already and only its answer was lost. */
  async #moveMarker(transaction: Transaction, sequence: number): Promise<boolean> {
    const parameters = { id: BigInt(this.id), from: BigInt(sequence - 1), to: BigInt(sequence) }
    const moved = await transaction.run('MATCH (w:Writer {id: $id, seq: $from}) SET w.seq = $to RETURN w.seq', parameters)
    if (moved.records.length === 1) return true
    const found = await transaction.run('MATCH (w:Writer {id: $id}) RETURN w.seq AS seq', { id: BigInt(this.id) })
    const marker = found.records[0]?.get('seq') as bigint | undefined
    if (marker === BigInt(sequence)) return false
    throw new Error(
      `Neo4j lost operations of writer ${this.id}: its marker is ${marker}, expected ${sequence - 1} or ${sequence}`,
    )
  }
}
