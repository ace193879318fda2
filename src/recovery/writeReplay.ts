import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { writeFully } from '../core/writeFully.ts'
import { listLogFiles, logFileName } from '../neo4j/dataDirectory.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { segmentName } from '../repository/segmentName.ts'
import type { Replay, ReplayLink } from './replay.ts'
import { complete } from './restoredFile.ts'

/**
 * Writes archived log behind that of a materialised backup, as the files it came from, cut at the last transaction wanted.
 * @param directory the data directory in the making
 * @throws HoldfastError `integrity` where a segment is damaged, or does not join the log that is there.
 */
export async function writeReplay(
  repository: Repository,
  manifest: Manifest,
  directory: string,
  { database, links }: Replay,
  { signal, written }: { signal: AbortSignal; written: (bytes: number) => void },
): Promise<void> {
  const like = manifest.databases.find(({ name }) => name === database)?.files.find(({ kind }) => kind === 'log')
  for (const link of links) {
    const path = join(directory, 'transactions', database, logFileName(link.segment.logVersion))
    await using file = await openLog(path, link)
    await writeLink(repository, file, link, signal, written)
    // What is behind belongs to another chain, or to what is not wanted.
    await file.truncate(link.end)
    if (like) await complete(file, like)
    else await file.sync()
  }
  const last = links.at(-1)?.segment.logVersion
  if (last !== undefined) await removeLater(join(directory, 'transactions', database), last)
}

/** What the backup has of files behind the last one written, such as one that was just begun: they would not continue it. */
async function removeLater(directory: string, logVersion: number): Promise<void> {
  for (const { name, version } of await listLogFiles(directory)) if (version > logVersion) await rm(join(directory, name))
}

async function openLog(path: string, { segment }: ReplayLink): Promise<FileHandle> {
  const file = await open(path, segment.start === 0 ? constants.O_RDWR | constants.O_CREAT : 'r+')
  const { size } = await file.stat()
  if (size >= segment.start) return file
  await file.close()
  throw new HoldfastError(
    'integrity',
    `${segmentName(segment)} begins at byte ${segment.start} of ${path}, which ends at ${size}`,
    {
      hint: 'the log in between is missing; restore to an earlier point',
    },
  )
}

async function writeLink(
  repository: Repository,
  file: FileHandle,
  { segment, end }: ReplayLink,
  signal: AbortSignal,
  written: (bytes: number) => void,
): Promise<void> {
  let position = segment.start
  for await (const chunk of repository.archive.readLog(segment, { signal })) {
    signal.throwIfAborted()
    const wanted = chunk.subarray(0, Math.max(0, end - position))
    await writeFully(file, wanted, position)
    position += chunk.length
    written(wanted.length)
  }
}
