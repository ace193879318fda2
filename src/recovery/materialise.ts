import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { syncDirectory } from '../core/atomicFile.ts'
import { HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { BlockTable } from '../repository/blockTable.ts'
import { filesOf, type Manifest, type ManifestFile } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import type { Replay } from './replay.ts'
import { completeFile, isWhole, RestoredFile } from './restoredFile.ts'
import { clearPartial, movedNames, partialName } from './target.ts'
import { writeReplay } from './writeReplay.ts'

interface MaterialiseOptions {
  /** Archived log to write behind that of the backup. */
  replays?: readonly Replay[] | undefined
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
  { replays = [], progress, signal }: MaterialiseOptions,
): Promise<Materialised> {
  const table = await repository.readBlockTable(manifest, { signal })
  const files = manifest.databases.flatMap((database) => database.files).toSorted((a, b) => a.firstBlock - b.firstBlock)
  const partial = join(target, partialName)
  const directories = await makeDirectories(partial, files)
  const replayed = replays.reduce((sum, { size }) => sum + size, 0)
  const total = files.reduce((sum, file) => sum + file.size, replayed)

  const missing: ManifestFile[] = []
  for (const file of files) {
    signal.throwIfAborted()
    const path = join(partial, file.path)
    if (await isWhole(path, file, table, manifest.blockSize)) await completeFile(path, file)
    else missing.push(file)
  }
  const resumed = total - missing.reduce((sum, file) => sum + file.size, replayed)

  let done = resumed
  for (const run of neighbours(missing)) {
    await writeRun(repository, table, run, partial, signal, (bytes) => {
      done += bytes
      progress({ phase: 'restore files', done, total })
    })
  }
  for (const replay of replays) {
    const written = (bytes: number): void =>
      progress({ phase: `write the archived log of ${replay.database}`, done: (done += bytes), total })
    await writeReplay(repository, manifest, partial, replay, { signal, written })
  }
  progress({ phase: 'make the files durable' })
  for (const directory of directories) await syncDirectory(join(partial, directory))
  await moveIntoPlace(partial, target)
  return { files: files.length, size: total, resumed }
}

/**
 * Reads the files of a restore that was ended but not checked, where they are, and compares each block with the backup; of a database that
 * got archived log, all but the log.
 * @throws HoldfastError `refused` where one differs: someone has worked with them since, and their work is not ours to lose.
 */
export async function verifyInPlace(
  repository: Repository,
  manifest: Manifest,
  target: string,
  { replays = [], progress, signal }: MaterialiseOptions,
): Promise<Materialised> {
  const table = await repository.readBlockTable(manifest, { signal })
  const grown = new Set(replays.filter(({ links }) => links.length > 0).map(({ database }) => database))
  const isGrown = ({ path, kind }: ManifestFile): boolean => kind === 'log' && grown.has(path.split('/')[1] ?? '')
  const { size: total } = manifest.totals
  const differs = (path: string): HoldfastError =>
    new HoldfastError('refused', `${join(target, path)} is not what the backup holds: it was changed since the restore`, {
      hint: 'if a Neo4j has run on this directory, it is in use as it is; to have the backup, restore into another directory',
    })
  for (const name of movedNames)
    for (const entry of await readdir(join(target, name), { recursive: true, withFileTypes: true }))
      if (entry.isSymbolicLink()) throw differs(relative(target, join(entry.parentPath, entry.name)))
  let done = 0
  for (const file of filesOf(manifest)) {
    signal.throwIfAborted()
    if (isGrown(file)) continue
    if (!(await isWhole(join(target, file.path), file, table, manifest.blockSize))) throw differs(file.path)
    progress({ phase: 'verify files', done: (done += file.size), total })
  }
  return { files: filesOf(manifest).length, size: total, resumed: total }
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
  const blocks = repository.lendBlocks(table, { first, count: last.firstBlock + last.blocks - first }, { signal })
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
  const directories = new Set(movedNames)
  for (const file of files) {
    for (let path = dirname(file.path); path !== '.'; path = dirname(path)) directories.add(path)
  }
  await mkdir(partial, { recursive: true, mode: 0o700 })
  await removeOthers(partial, new Set([...directories, ...files.map(({ path }) => path)]))
  for (const path of [...directories].toSorted()) {
    await mkdir(join(partial, path), { recursive: true })
    await chmod(join(partial, path), 0o755)
  }
  return ['.', ...directories]
}

/** What an earlier attempt left is not trusted: only the backup's own files and directories stay, to be looked at. */
async function removeOthers(partial: string, expected: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(partial, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const isOurs = expected.has(relative(partial, path)) && (entry.isDirectory() || entry.isFile())
    if (!isOurs) await rm(path, { recursive: true, force: true })
  }
}

async function moveIntoPlace(partial: string, target: string): Promise<void> {
  for (const name of movedNames) await rename(join(partial, name), join(target, name))
  await syncDirectory(target)
  await clearPartial(target)
  await syncDirectory(dirname(target))
}
