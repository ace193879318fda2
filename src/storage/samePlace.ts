import { hash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { storageFailure } from './fileErrors.ts'

/** Bytes of an object that tell it from another one of its name. */
const compared = 64 * 1024

/**
 * Notices that a directory is not the one any more that objects were found in. Where its disk was unmounted, the mount point below is an
 * empty directory: what is put there would be neither in the repository nor found when the disk is back. Where another disk was mounted,
 * there may be another repository.
 */
export class SamePlace {
  readonly #root: string
  #seen: { witness: string; content: string; identity: string | undefined } | undefined

  constructor(root: string) {
    this.#root = root
  }

  /** Remembers that an object is there. */
  async saw(witness: string): Promise<void> {
    if (this.#seen !== undefined) return
    const identity = await identityOf(this.#root)
    const content = await contentOf(join(this.#root, witness))
    if (content !== undefined) this.#seen = { witness, content, identity }
  }

  /**
   * Looks for something once more where it is not found and this is the same place: its disk may have been away for a moment.
   * @throws as `require`
   */
  async find<Found>(look: () => Promise<Found | undefined>): Promise<Found | undefined> {
    const found = await look()
    if (found !== undefined) return found
    await this.require()
    return look()
  }

  /** @throws HoldfastError `repository` where it is another directory than the one objects were found in. */
  async require(): Promise<void> {
    if (this.#seen === undefined) return
    const { witness, content } = this.#seen
    const identity = await identityOf(this.#root)
    if (identity !== undefined && identity === this.#seen.identity) return
    const found = await contentOf(join(this.#root, witness))
    if (found === undefined) {
      throw new HoldfastError('repository', `${this.#root} does not hold ${witness} any more, which was there before`, {
        hint: 'is its disk mounted?',
      })
    }
    if (found !== content) {
      throw new HoldfastError('repository', `${this.#root} holds another ${witness} than before`, {
        hint: 'is another disk mounted there, with another repository?',
      })
    }
    this.#seen.identity = identity
  }
}

/** A disk may have the number that the one before it had, and its root always has the same; but it was made at another moment. */
async function identityOf(path: string): Promise<string | undefined> {
  return ifThere(path, async () => {
    const { dev, ino, birthtimeNs } = await stat(path, { bigint: true })
    return `${dev} ${ino} ${birthtimeNs}`
  })
}

/** Of the start of an object, which never changes. */
async function contentOf(path: string): Promise<string | undefined> {
  return ifThere(path, async () => {
    await using file = await open(path, 'r')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(compared), 0, compared, 0)
    return hash('sha256', buffer.subarray(0, bytesRead))
  })
}

async function ifThere<Result>(path: string, work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw storageFailure('look at', 'objects', path, error)
  }
}
