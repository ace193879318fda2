import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDead, ownIdentity, processIdentity, type ProcessIdentity } from './processIdentity.ts'

const ownerName = 'owner.json'

/** A private folder for one piece of work. It is removed when the work ends, and by the next such work where the process was killed. */
export class ScratchFolder implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /**
   * Makes one inside a directory, which is made too where it is missing.
   * @param prefix - the start of its name, which tells what work it is for
   */
  static async create(directory: string, prefix: string): Promise<ScratchFolder> {
    await mkdir(directory, { recursive: true })
    await removeAbandoned(directory, prefix)
    const scratch = new ScratchFolder(await mkdtemp(join(directory, prefix)))
    try {
      await writeFile(join(scratch.path, ownerName), JSON.stringify(await ownIdentity()))
    } catch (error) {
      await scratch[Symbol.asyncDispose]()
      throw error
    }
    return scratch
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

async function removeAbandoned(directory: string, prefix: string): Promise<void> {
  const own = await ownIdentity()
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    // In a directory for everybody such a name may be someone else's.
    if (!name.startsWith(prefix) || !(await isOurs(path))) continue
    const owner = await ownerOf(path)
    if (owner !== undefined && (await isDead(owner, own))) await rm(path, { recursive: true, force: true })
  }
}

async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found !== undefined && found.isDirectory() && found.uid === process.getuid?.()
}

/** Undefined where it cannot be told; then the folder stays. */
async function ownerOf(scratch: string): Promise<ProcessIdentity | undefined> {
  try {
    return processIdentity.parse(JSON.parse(await readFile(join(scratch, ownerName), 'utf8')))
  } catch {
    return undefined
  }
}
