import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { listLogFiles } from '../neo4j/dataDirectory.ts'

/** How often new log files are looked for: far less than the time a log file lives after a rotation. */
const lookInterval = 200

/**
 * Keeps the transaction-log files from a given version on open while a backup runs, so that Neo4j's pruning,
 * which only unlinks files, cannot take one away before it has been read.
 */
export class HeldLogFiles implements AsyncDisposable {
  readonly #directory: string
  readonly #firstVersion: number
  readonly #handles = new Map<number, FileHandle>()
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | undefined
  #failure: unknown

  private constructor(directory: string, firstVersion: number) {
    this.#directory = directory
    this.#firstVersion = firstVersion
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().then(
        () => (this.#looking = undefined),
        (error: unknown) => {
          this.#failure = error
          this.#looking = undefined
        },
      ) as Promise<void>
    }, lookInterval)
    this.#timer.unref()
  }

  /** @throws HoldfastError where the first file is not there. */
  static async open(directory: string, firstVersion: number): Promise<HeldLogFiles> {
    const held = new HeldLogFiles(directory, firstVersion)
    try {
      await held.#look()
    } catch (error) {
      await held[Symbol.asyncDispose]()
      throw error
    }
    return held
  }

  /**
   * The open files from the first version to the newest, after one more look for new ones.
   * @throws LogPrunedError where one in between is missing.
   */
  async files(): Promise<{ version: number; handle: FileHandle }[]> {
    await this.#looking
    await this.#look()
    if (this.#failure !== undefined) throw this.#failure
    const versions = [...this.#handles.keys()].toSorted((a, b) => a - b)
    versions.forEach((version, index) => {
      if (version !== this.#firstVersion + index) throw new LogPrunedError(this.#directory, this.#firstVersion + index)
    })
    if (versions.length === 0) throw new LogPrunedError(this.#directory, this.#firstVersion)
    return versions.map((version) => ({ version, handle: this.#handles.get(version)! }))
  }

  async #look(): Promise<void> {
    for (const { version, name } of await listLogFiles(this.#directory)) {
      if (version < this.#firstVersion || this.#handles.has(version)) continue
      try {
        this.#handles.set(version, await open(join(this.#directory, name), 'r'))
      } catch (error) {
        if (!hasSystemCode(error, 'ENOENT')) throw error
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
    await Promise.all([...this.#handles.values()].map((handle) => handle.close()))
    this.#handles.clear()
  }
}

/** A log file that the backup needs was pruned before it could be opened; trying again from a newer checkpoint helps. */
export class LogPrunedError extends HoldfastError {
  constructor(directory: string, version: number) {
    super('neo4j-unavailable', `transaction log file ${version} in ${directory} was pruned before it could be read`, {
      hint: 'Neo4j prunes its log faster than the backup can open it: raise db.tx_log.rotation.size or db.tx_log.rotation.retention_policy',
    })
  }
}
