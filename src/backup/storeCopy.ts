import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { readFully } from '../core/readFully.ts'
import type { StoreFile } from '../neo4j/dataDirectory.ts'
import { listStoreFiles } from '../neo4j/dataDirectory.ts'
import type { CopyTarget } from './copyTarget.ts'
import { readFrom } from './readInto.ts'

/** How often a derived file is copied again because a checkpoint touched it, before it is left out. */
const tries = 5

/** A B+ tree file of Neo4j says which checkpoint it belongs to in its first pages: one meta page and two state pages of 8 KiB. */
const treeStateSize = 3 * 8192

/**
 * Copies the store of one database while Neo4j may be writing to it.
 *
 * Record files are copied as they are found, as far as they reached when they were opened: whatever mixture of old and new pages
 * results, recovery writes every record changed since the checkpoint again, and those behind that end are all newer.
 * Derived files must not mix two checkpoints: each is proven not to have met one while it was copied, or copied again, and after
 * a few tries left out, for Neo4j rebuilds it.
 */
export async function copyStore(dataDir: string, database: string, target: CopyTarget): Promise<void> {
  const files = await listStoreFiles(dataDir, database)
  requireWholeStore(files, dataDir, database)
  for (const file of files) {
    if (file.kind === 'record') await copyRecordFile(dataDir, file, target)
    if (file.kind === 'tree') await copyTreeFile(dataDir, file, target)
  }
  for (const directory of luceneIndexes(files)) await copyLuceneIndex(dataDir, database, directory, target)
}

/** A store that is just being loaded or removed has not all of its files. */
function requireWholeStore(files: StoreFile[], dataDir: string, database: string): void {
  const missing = ['neostore', 'neostore.nodestore.db'].filter(
    (name) => !files.some(({ path }) => path === `databases/${database}/${name}`),
  )
  if (missing.length === 0) return
  throw new HoldfastError('neo4j-unavailable', `the store of ${database} in ${dataDir} has no ${missing.join(' and no ')}`, {
    hint: 'is it just being loaded or removed? try again when that is done',
  })
}

async function copyRecordFile(dataDir: string, file: StoreFile, target: CopyTarget): Promise<void> {
  await using handle = await open(join(dataDir, file.path), 'r')
  // To the end it has now: a file that grows as fast as it is read has no other.
  const { size } = await handle.stat()
  await target.copy(file, 'record', readFrom(handle), size)
}

async function copyTreeFile(dataDir: string, file: StoreFile, target: CopyTarget): Promise<void> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    const mark = target.mark()
    try {
      await using handle = await open(join(dataDir, file.path), 'r')
      const before = await readFully(handle, 0, treeStateSize)
      const { size } = await handle.stat()
      await target.copy(file, 'derived', readFrom(handle), size)
      const after = await readFully(handle, 0, treeStateSize)
      if (before.equals(after)) return
    } catch (error) {
      if (!hasSystemCode(error, 'ENOENT')) throw error
      target.rollBack(mark)
      return
    }
    target.rollBack(mark)
  }
  target.leaveOut(file.path, `each of ${tries} copies met a checkpoint`)
}

/** The directories of the indexes that Lucene files belong to: `schema/index/<provider>/<number>`. */
function luceneIndexes(files: StoreFile[]): Set<string> {
  const lucene = files.filter((file) => file.kind === 'lucene')
  return new Set(lucene.map(({ path }) => /^.*schema\/index\/[^/]+\/[^/]+/.exec(path)?.[0] ?? path))
}

/**
 * A Lucene commit is a new `segments_N`; the files it names never change and stay while it is the newest one.
 * So a copy is whole if the same commits are there before and after it, and what a listing made meanwhile may have missed is added.
 */
async function copyLuceneIndex(dataDir: string, database: string, directory: string, target: CopyTarget): Promise<void> {
  const list = async (): Promise<StoreFile[]> =>
    (await listStoreFiles(dataDir, database)).filter(({ kind, path }) => kind === 'lucene' && path.startsWith(`${directory}/`))
  // The record files have taken their time, so what was listed before them is old.
  let before = await list()
  for (let attempt = 1; attempt <= tries; attempt++) {
    const mark = target.mark()
    await copyIfThere(dataDir, before, target)
    const between = await list()
    const known = new Set(before.map((file) => file.path))
    await copyIfThere(
      dataDir,
      between.filter((file) => !known.has(file.path)),
      target,
    )
    const after = await list()
    if (sameCommits(before, after)) return
    target.rollBack(mark)
    before = after
  }
  target.leaveOut(directory, `each of ${tries} copies met a checkpoint`)
}

async function copyIfThere(dataDir: string, files: StoreFile[], target: CopyTarget): Promise<void> {
  for (const file of files) {
    try {
      await using handle = await open(join(dataDir, file.path), 'r')
      await target.copy(file, 'derived', readFrom(handle))
    } catch (error) {
      if (!hasSystemCode(error, 'ENOENT')) throw error
    }
  }
}

function sameCommits(before: StoreFile[], after: StoreFile[]): boolean {
  const commits = (files: StoreFile[]): string =>
    files
      .map((file) => file.path)
      .filter((path) => /\/segments_[0-9a-z]+$/.test(path))
      .toSorted()
      .join()
  return commits(before) === commits(after)
}
