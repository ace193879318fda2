import { chmod, mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncDirectory } from '../core/atomicFile.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { BlockTable } from '../repository/blockTable.ts'
import type { Manifest, ManifestFile } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { giveTo } from './ownership.ts'
import { isWhole, RestoredFile } from './restoredFile.ts'
import { clearPartial, movedNames, partialName } from './target.ts'

interface MaterialiseOptions {
  progress: ProgressListener
  signal: AbortSignal
}

/** What materialising a backup did; sizes in bytes. */
export interface Materialised {
  files: number
  size: number
  /** Bytes that an earlier attempt had written already, and that were found whole. */
  resumed: number
}

/**
 * Writes the files of a backup as a data directory, each block verified on its way. They appear in `target` when all of them
 * are whole and durable, by renaming; until then they lie in a hidden directory in it.
 * @throws HoldfastError `integrity` where a block is damaged.
 */
export async function materialise(
  repository: Repository,
  manifest: Manifest,
  target: string,
  { progress, signal }: MaterialiseOptions,
): Promise<Materialised> {
  const table = await repository.readBlockTable(manifest, { signal })
  const files = manifest.databases.flatMap((database) => database.files).toSorted((a, b) => a.firstBlock - b.firstBlock)
  const partial = join(target, partialName)
  const directories = await makeDirectories(partial, files)
  const total = files.reduce((sum, file) => sum + file.size, 0)

  const missing: ManifestFile[] = []
  for (const file of files) {
    signal.throwIfAborted()
    if (!(await isWhole(join(partial, file.path), file, table, manifest.blockSize))) missing.push(file)
  }
  const resumed = total - missing.reduce((sum, file) => sum + file.size, 0)

  let done = resumed
  for (const run of neighbours(missing)) {
    await writeRun(repository, table, run, partial, signal, (bytes) => {
      done += bytes
      progress({ phase: 'restore files', done, total })
    })
  }
  progress({ phase: 'make the files durable' })
  for (const directory of directories) await syncDirectory(join(partial, directory))
  await moveIntoPlace(partial, target)
  return { files: files.length, size: total, resumed }
}

/** Files whose blocks follow each other in the table, so that they can be read in one go. */
function neighbours(files: ManifestFile[]): ManifestFile[][] {
  const runs: ManifestFile[][] = []
  for (const file of files) {
    const before = runs.at(-1)?.at(-1)
    if (before && before.firstBlock + before.blocks === file.firstBlock) runs.at(-1)!.push(file)
    else runs.push([file])
  }
  return runs
}

async function writeRun(
  repository: Repository,
  table: BlockTable,
  files: ManifestFile[],
  partial: string,
  signal: AbortSignal,
  written: (bytes: number) => void,
): Promise<void> {
  const first = files[0]!.firstBlock
  const last = files.at(-1)!
  const blocks = repository.readBlocks(table, { first, count: last.firstBlock + last.blocks - first }, { signal })
  try {
    for (const file of files) {
      await using restored = await RestoredFile.create(join(partial, file.path), file)
      for (let block = 0; block < file.blocks; block++) {
        const { value } = await blocks.next()
        if (value === undefined) throw new RangeError(`the blocks of ${file.path} ended early`)
        await restored.append(value)
        written(value.length)
      }
      await restored.finish()
    }
  } finally {
    await blocks.return()
  }
}

async function makeDirectories(partial: string, files: ManifestFile[]): Promise<string[]> {
  const directories = new Map<string, ManifestFile>()
  for (const file of files) {
    for (let path = dirname(file.path); path !== '.'; path = dirname(path))
      if (!directories.has(path)) directories.set(path, file)
  }
  for (const always of movedNames) if (!directories.has(always) && files[0]) directories.set(always, files[0])
  await mkdir(partial, { recursive: true, mode: 0o700 })
  for (const [path, owner] of [...directories].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    await mkdir(join(partial, path), { recursive: true })
    await chmod(join(partial, path), 0o755)
    await giveTo(join(partial, path), owner)
  }
  return ['.', ...directories.keys()]
}

async function moveIntoPlace(partial: string, target: string): Promise<void> {
  for (const name of movedNames) await rename(join(partial, name), join(target, name))
  await syncDirectory(target)
  await clearPartial(target)
  await syncDirectory(dirname(target))
}
