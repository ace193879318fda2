import { watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { listLogFiles } from './dataDirectory.ts'

/** How often new log files are looked for where the file system does not tell: less than the time a log file lives after a rotation. */
const lookInterval = 200

interface HeldFile {
  version: number
  name: string
  handle: FileHandle
}

/**
 * Keeps the transaction-log files from a given version on open while they are read, so that Neo4j's pruning,
 * which only unlinks files, cannot take one away before it has been read.
 */
export class HeldLogFiles implements AsyncDisposable {
  readonly #directory: string
  readonly #firstVersion: number
  readonly #held = new Map<number, HeldFile>()
  readonly #timer: NodeJS.Timeout
  readonly #watch: Disposable | undefined
  /** The look under way, or the last one; it never rejects. */
  #looking: Promise<void> = Promise.resolve()
  /** A look that has not begun. */
  #next: Promise<void> | undefined

  private constructor(directory: string, firstVersion: number) {
    this.#directory = directory
    this.#firstVersion = firstVersion
    // What keeps a look from succeeding is reported by the one that `files` makes in the end.
    const look = (): void => void this.#look().catch(() => undefined)
    this.#timer = setInterval(look, lookInterval)
    this.#timer.unref()
    this.#watch = watchNames(directory, look)
  }

  /** @throws HoldfastError where the directory cannot be read. */
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
   * @throws LogChangedError where one in between is missing, or one has been replaced by another of the same name.
   */
  async files(): Promise<{ version: number; handle: FileHandle }[]> {
    await this.#look()
    const files = [...this.#held.values()].toSorted((a, b) => a.version - b.version)
    if (files.length === 0) throw new LogChangedError(this.#directory, this.#firstVersion, 'was pruned before it could be read')
    for (const [index, { version }] of files.entries()) {
      const expected = this.#firstVersion + index
      if (version !== expected) throw new LogChangedError(this.#directory, expected, 'was pruned before it could be read')
    }
    await this.requireSame()
    return files
  }

  /**
   * Makes sure that the held files are still those of the directory, as far as they are not pruned: a server that recovers from
   * a crash may make its newest file anew, and a load replaces all of them. What is pruned is older than what is there.
   * @throws LogChangedError where one was replaced, or the newest one is gone and none came after it.
   */
  async requireSame(): Promise<void> {
    for (const { version, name, handle } of this.#held.values()) {
      const [ours, theirs] = await Promise.all([handle.stat({ bigint: true }), statIfThere(join(this.#directory, name))])
      const isReplaced = theirs && (theirs.dev !== ours.dev || theirs.ino !== ours.ino)
      if (isReplaced || (!theirs && !(await this.#hasLater(version))))
        throw new LogChangedError(this.#directory, version, 'was replaced while it was read')
    }
  }

  async #hasLater(version: number): Promise<boolean> {
    return (await listLogFiles(this.#directory)).some((file) => file.version > version)
  }

  /** A look that begins after this call, so that it sees all that is there now; whoever wants one meanwhile shares it. */
  async #look(): Promise<void> {
    this.#next ??= this.#looking.then(async () => {
      this.#next = undefined
      const look = this.#openNew()
      this.#looking = look.catch(() => undefined)
      await look
    })
    await this.#next
  }

  async #openNew(): Promise<void> {
    for (const { version, name } of await listLogFiles(this.#directory)) {
      if (version < this.#firstVersion || this.#held.has(version)) continue
      try {
        this.#held.set(version, { version, name, handle: await open(join(this.#directory, name), 'r') })
      } catch (error) {
        if (!hasSystemCode(error, 'ENOENT')) throw error
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#watch?.[Symbol.dispose]()
    await Promise.allSettled([this.#next])
    await this.#looking
    await Promise.all([...this.#held.values()].map(async ({ handle }) => handle.close()))
    this.#held.clear()
  }
}

/** Calls back when a name comes or goes, where the file system tells such things; local ones do. */
function watchNames(directory: string, onChange: () => void): Disposable | undefined {
  try {
    const watcher = watch(directory, { persistent: false }, (event) => {
      if (event === 'rename') onChange()
    })
    watcher.on('error', () => watcher.close())
    return { [Symbol.dispose]: () => watcher.close() }
  } catch {
    return undefined
  }
}

async function statIfThere(path: string) {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** The log that the backup needs is no longer the one it began with; trying again from a newer checkpoint helps. */
export class LogChangedError extends HoldfastError {
  constructor(directory: string, version: number, what: string) {
    super('neo4j-unavailable', `transaction log file ${version} in ${directory} ${what}`, {
      hint: 'Neo4j was restarted, loaded anew, or prunes faster than Holdfast can follow: try again, or raise db.tx_log.rotation.retention_policy',
    })
  }
}
