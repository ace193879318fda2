import { HoldfastError } from '../core/errors.ts'
import { type Checkpoint, recoveryPosition } from '../txlog/checkpointRecord.ts'
import { type LogFileHeader, logHeaderLength } from '../txlog/logFileHeader.ts'
import { describeStoreId, sameStore } from '../txlog/storeId.ts'
import type { Transaction } from '../txlog/transaction.ts'

/** Follows a log from file to file and makes sure that it is one log, of the store that the checkpoint is of, and goes through the checkpoint. */
export class LogContinuity {
  first: Transaction | undefined
  last: Transaction | undefined
  readonly #checkpoint: Checkpoint
  /** Boundaries that must be met: where recovery starts and what the checkpoint covers. */
  #awaited: { logVersion: number; byteOffset: number }[]
  #fileNumber = -1

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint
    this.#awaited = [recoveryPosition(checkpoint), checkpoint.position]
  }

  /** @throws HoldfastError `integrity` where this file does not continue the log. */
  enter(header: LogFileHeader, path: string): void {
    const { storeId } = this.#checkpoint
    if (!sameStore(header.storeId, storeId)) {
      throw new HoldfastError(
        'integrity',
        `${path}: expected the log of ${describeStoreId(storeId)}, found that of ${describeStoreId(header.storeId)}`,
        { hint: 'files of two databases were mixed; put those back that belong to this one' },
      )
    }
    if (this.last && header.lastIdBefore !== this.last.id) {
      throw new HoldfastError(
        'integrity',
        `${path}: expected to follow transaction ${this.last.id}, its header says ${header.lastIdBefore}`,
        { hint: 'a file of the log is missing or has been replaced; Neo4j itself would not start on this log' },
      )
    }
    this.#fileNumber = header.logVersion
    this.#reach(logHeaderLength)
  }

  add(transaction: Transaction): void {
    this.first ??= transaction
    this.last = transaction
    this.#reach(transaction.end)
  }

  /** @throws HoldfastError `integrity` where the checkpoint's position was no boundary. */
  finish(directory: string): void {
    const [missing] = this.#awaited
    if (!missing) return
    throw new HoldfastError(
      'integrity',
      `${directory}: the checkpoint names offset ${missing.byteOffset} of log file ${missing.logVersion}, and no transaction ends there`,
      { hint: 'the transaction log and the checkpoint log do not belong together' },
    )
  }

  #reach(offset: number): void {
    this.#awaited = this.#awaited.filter(({ logVersion, byteOffset }) => logVersion !== this.#fileNumber || byteOffset !== offset)
  }
}
