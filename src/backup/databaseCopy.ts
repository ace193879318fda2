import { basename } from 'node:path'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import { type LastCheckpoint, readLastCheckpoint } from '../neo4j/lastCheckpoint.ts'
import type { ManifestDatabase } from '../repository/manifest.ts'
import { recoveryPosition } from '../txlog/checkpointRecord.ts'
import { sameStore } from '../txlog/storeId.ts'
import type { CopyTarget } from './copyTarget.ts'
import { readFromBuffer } from './readInto.ts'
import { HeldLogFiles, LogChangedError } from '../neo4j/heldLogFiles.ts'
import { HeldStore, StoreReplacedError } from './heldStore.ts'
import { copyLog, findLogSlice } from './logCopy.ts'
import { copyStore } from './storeCopy.ts'

/** How often a start is tried while Neo4j prunes the log between the look at the checkpoint and the opening of its log file. */
const tries = 10

/**
 * The copy of one database. The order of its steps is what makes it consistent: first the last checkpoint, with the log from there on
 * held open, then the store, and only when the whole store has been read the end of the log.
 */
export class DatabaseCopy implements AsyncDisposable {
  readonly #dataDir: string
  readonly #name: string
  readonly #start: LastCheckpoint
  readonly #logs: HeldLogFiles
  readonly #store: HeldStore
  readonly #target: CopyTarget

  private constructor(
    dataDir: string,
    name: string,
    start: LastCheckpoint,
    { logs, store }: { logs: HeldLogFiles; store: HeldStore },
    target: CopyTarget,
  ) {
    this.#dataDir = dataDir
    this.#name = name
    this.#start = start
    this.#logs = logs
    this.#store = store
    this.#target = target
  }

  /** Finds the last checkpoint and takes hold of the log it needs. */
  static async begin(dataDir: string, name: string, target: CopyTarget): Promise<DatabaseCopy> {
    const directory = logDirectory(dataDir, name)
    for (let attempt = 1; ; attempt++) {
      const start = await readLastCheckpoint(directory)
      const logs = await HeldLogFiles.open(directory, recoveryPosition(start.checkpoint).logVersion)
      try {
        await logs.files()
        const store = await HeldStore.open(dataDir, name, start.checkpoint.storeId)
        return new DatabaseCopy(dataDir, name, start, { logs, store }, target)
      } catch (error) {
        await logs[Symbol.asyncDispose]()
        if (!(error instanceof LogChangedError) || attempt === tries) throw error
      }
    }
  }

  async copyStore(): Promise<void> {
    await copyStore(this.#dataDir, this.#name, this.#target)
  }

  /**
   * Copies the checkpoint log up to the last checkpoint, and the log from its file on up to the last whole transaction.
   * @throws LogChangedError where a file in between is gone, HoldfastError `integrity` where the log is damaged.
   */
  async copyLog(): Promise<ManifestDatabase> {
    const { checkpoint, fileName, bytes, mode, uid, gid } = this.#start
    const directory = `transactions/${basename(this.#name)}`
    await this.#target.copy({ path: `${directory}/${fileName}`, mode, uid, gid }, 'checkpoint', readFromBuffer(bytes))
    const slice = await findLogSlice(this.#logs, this.#start, logDirectory(this.#dataDir, this.#name), this.#target)
    await copyLog(slice, directory, this.#target)
    await this.#requireSame()
    const { storeId, transaction } = checkpoint
    return {
      name: this.#name,
      storeId: {
        creationTime: String(storeId.creationTime),
        random: storeId.random,
        format: storeId.family,
      },
      kernelVersion: slice.last?.kernelVersion ?? checkpoint.kernelVersion,
      logFormat: slice.files.at(-1)!.scan.header.format,
      checkpoint: {
        logVersion: checkpoint.position.logVersion,
        byteOffset: checkpoint.position.byteOffset,
        transactionId: transaction.id,
        time: new Date(checkpoint.time).toISOString(),
      },
      lastTransaction: described(slice.last ?? transaction),
      ...(slice.first ? { firstTransaction: described(slice.first) } : {}),
      files: [...this.#target.files],
      leftOut: [...this.#target.leftOut],
    }
  }

  /** A store, a log or a checkpoint log that was put in place of the one this copy began with makes it a mixture. */
  async #requireSame(): Promise<void> {
    await this.#store.requireSame()
    await this.#logs.requireSame()
    const directory = logDirectory(this.#dataDir, this.#name)
    const { transaction, storeId } = (await readLastCheckpoint(directory)).checkpoint
    const begun = this.#start.checkpoint
    if (transaction.id < begun.transaction.id || !sameStore(storeId, begun.storeId))
      throw new StoreReplacedError(directory, 'was replaced by an older log or another one while it was backed up')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#logs[Symbol.asyncDispose]()
    await this.#store[Symbol.asyncDispose]()
  }
}

function described(transaction: { id: number; checksum: number; commitTime: number }): ManifestDatabase['lastTransaction'] {
  const { id, checksum, commitTime } = transaction
  return { id, checksum, commitTime: new Date(commitTime).toISOString() }
}
