import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { storageFailure } from './fileErrors.ts'

/**
 * Notices that a directory is not the one any more that objects were found in. Where its disk was unmounted, the mount point below is an
 * empty directory: what is put there would be neither in the repository nor found when the disk is back.
 */
export class SamePlace {
  readonly #root: string
  /** An object that was there. */
  #witness: string | undefined
  /** Device and number of the directory in which it was. */
  #identity: string | undefined

  constructor(root: string) {
    this.#root = root
  }

  /** Remembers that an object is there. */
  async saw(name: string): Promise<void> {
    if (this.#witness !== undefined) return
    this.#witness = name
    this.#identity = await identityOf(this.#root)
  }

  /** @throws HoldfastError `repository` where it is another directory than the one objects were found in. */
  async require(): Promise<void> {
    if (this.#witness === undefined) return
    const identity = await identityOf(this.#root)
    if (identity !== undefined && identity === this.#identity) return
    if ((await identityOf(join(this.#root, this.#witness))) === undefined) {
      throw new HoldfastError('repository', `${this.#root} does not hold ${this.#witness} any more, which was there before`, {
        hint: 'is its disk mounted?',
      })
    }
    this.#identity = identity
  }
}

async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true })
    return `${dev} ${ino}`
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw storageFailure('look at', 'objects', path, error)
  }
}
