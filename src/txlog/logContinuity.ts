import { HoldfastError } from '../core/errors.ts'
import { type Checkpoint, recoveryPosition } from './checkpointRecord.ts'
import { continueLog, type FileScan, type ScannedFile } from './logChain.ts'
import type { LogEnd } from './logEnd.ts'
import { type LogFileHeader, logHeaderLength } from './logFileHeader.ts'
import { describeStoreId, sameStore } from './storeId.ts'
import type { Transaction } from './transaction.ts'

/** Follows a log from file to file and makes sure that it is one log, of the store that the checkpoint is of, and goes through the checkpoint. */
export class LogContinuity {
  first: Transaction | undefined
  last: Transaction | undefined
  readonly #checkpoint: Checkpoint
  /** Boundaries that must be met: where recovery starts and what the checkpoint covers. */
  #awaited: { logVersion: number; byteOffset: number }[]
  #before: ScannedFile | undefined
  #logVersion = -1

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint
    this.#awaited = [recoveryPosition(checkpoint), checkpoint.position]
  }

  /**
   * How to scan the next file.
   * @throws HoldfastError `integrity` where it does not continue the log.
   */
  begin(header: LogFileHeader, path: string): FileScan {
    const options = this.#before ? continueLog(this.#before, header, path) : { header }
    const { storeId } = this.#checkpoint
    if (!sameStore(header.storeId, storeId)) {
      throw new HoldfastError(
        'integrity',
        `${path}: expected the log of ${describeStoreId(storeId)}, found that of ${describeStoreId(header.storeId)}`,
        { hint: 'the transaction log and the checkpoint log belong to different databases; put back the right files' },
      )
    }
    this.#logVersion = header.logVersion
    this.#reach(logHeaderLength)
    return options
  }

  add(transaction: Transaction): void {
    this.first ??= transaction
    this.last = transaction
    this.#reach(transaction.end)
  }

  /** Says where the file ended that was begun last. */
  end(header: LogFileHeader, end: LogEnd): void {
    this.#before = { header, end }
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
    this.#awaited = this.#awaited.filter(({ logVersion, byteOffset }) => logVersion !== this.#logVersion || byteOffset !== offset)
  }
}
