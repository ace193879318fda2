import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { readFully } from '../core/readFully.ts'
import { storeDirectory } from '../neo4j/dataDirectory.ts'
import { storeIdIn } from '../neo4j/storeIdentity.ts'
import { describeStoreId, sameStore, type StoreId } from '../txlog/storeId.ts'

const pageLength = 8192

/** The file that says which store this is, held open while it is copied, so that a store put in its place is noticed. */
export class HeldStore implements AsyncDisposable {
  readonly #path: string
  readonly #file: FileHandle

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /**
   * @param expected the store that the database's log is of
   * @throws StoreReplacedError where there is none, HoldfastError `integrity` where it is another one.
   */
  static async open(dataDir: string, database: string, expected: StoreId): Promise<HeldStore> {
    const path = join(storeDirectory(dataDir, database), 'neostore')
    let file
    try {
      file = await open(path, 'r')
    } catch (error) {
      if (!hasSystemCode(error, 'ENOENT')) throw error
      throw new StoreReplacedError(path, 'does not exist')
    }
    const held = new HeldStore(path, file)
    try {
      await held.#requireStore(expected)
      return held
    } catch (error) {
      await held[Symbol.asyncDispose]()
      throw error
    }
  }

  /** @throws StoreReplacedError where another file has its name by now. */
  async requireSame(): Promise<void> {
    const ours = await this.#file.stat({ bigint: true })
    const theirs = await stat(this.#path, { bigint: true }).catch((error: unknown) => {
      if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    })
    if (theirs?.ino !== ours.ino || theirs.dev !== ours.dev)
      throw new StoreReplacedError(this.#path, 'was replaced while it was backed up')
  }

  async #requireStore(expected: StoreId): Promise<void> {
    const found = storeIdIn(await readFully(this.#file, 0, pageLength), this.#path)
    if (!found || sameStore(found, expected)) return
    throw new HoldfastError(
      'integrity',
      `${this.#path}: expected ${describeStoreId(expected)} as in its log, found ${describeStoreId(found)}`,
      {
        hint: 'the store and the transaction log belong to different databases; put back the right files',
      },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}

/** The store is no longer the one the backup began with. */
export class StoreReplacedError extends HoldfastError {
  constructor(path: string, what: string) {
    super('neo4j-unavailable', `${path} ${what}`, {
      hint: 'was the database loaded, moved or restored meanwhile? run the backup again when that is done',
    })
  }
}
