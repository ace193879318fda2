import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDead, ownIdentity, type ProcessIdentity } from '../core/processIdentity.ts'

const prefix = '.holdfast-export-'
const ownerName = 'owner.json'

/**
 * A private folder for one export, inside the directory that gets the artifact: on the same volume, so that publishing it is no copy.
 * It is removed when the export ends, and by the next export where the process was killed.
 */
export class ExportScratch implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Also makes the directory where it is missing. */
  static async create(directory: string): Promise<ExportScratch> {
    await mkdir(directory, { recursive: true })
    await removeAbandoned(directory)
    const scratch = new ExportScratch(await mkdtemp(join(directory, prefix)))
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

async function removeAbandoned(directory: string): Promise<void> {
  const own = await ownIdentity()
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix)) continue
    const owner = await ownerOf(join(directory, name))
    if (owner !== undefined && (await isDead(owner, own))) await rm(join(directory, name), { recursive: true, force: true })
  }
}

/** Undefined where it cannot be told; then the folder stays. */
async function ownerOf(scratch: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(join(scratch, ownerName), 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}
