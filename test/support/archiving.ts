import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ArchiveEvent } from '../../src/archive/archiveEvent.ts'
import { DatabaseArchiver } from '../../src/archive/databaseArchiver.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { storeKey } from '../../src/repository/baseBlocks.ts'
import type { Manifest, ManifestDatabase } from '../../src/repository/manifest.ts'
import { initRepository, openRepository, type Repository } from '../../src/repository/repository.ts'
import { rootLineage, type SegmentName } from '../../src/repository/segmentName.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { SyntheticLog } from './syntheticLog.ts'

const { signal } = new AbortController()

/** A new repository. */
export async function newRepository({
  storage = memoryStorage(),
  passphrase,
  clock = systemClock,
}: { storage?: Storage; passphrase?: string; clock?: Clock } = {}): Promise<Repository> {
  const key = passphrase === undefined ? undefined : { passphrase }
  await initRepository(storage, { encryption: key })
  return openRepository(storage, { key, clock })
}

interface ArchiveOptions {
  listener?: (event: ArchiveEvent) => void
  /** Bytes of log in a segment, about: each call ships one segment for each file unless told. */
  interval?: number
  /** Says when a lineage began. */
  clock?: Clock
}

/** An archiver of a synthetic log. */
export async function beginArchiver(
  repository: Repository,
  { dataDir, database }: Pick<SyntheticLog, 'dataDir' | 'database'>,
  { listener = () => {}, interval = 0, clock = systemClock }: ArchiveOptions = {},
): Promise<DatabaseArchiver> {
  return DatabaseArchiver.begin(database, {
    repository,
    dataDir,
    interval,
    retention: { size: null, time: null },
    headroomAlert: 0,
    clock,
    listener,
    signal,
  })
}

/** Archives all there is of a log, one segment for each file, and returns what the archiver told. */
export async function archiveAll(
  repository: Repository,
  log: SyntheticLog,
  options: Pick<ArchiveOptions, 'clock'> = {},
): Promise<ArchiveEvent[]> {
  const events: ArchiveEvent[] = []
  await using archiver = await beginArchiver(repository, log, { ...options, listener: (event) => events.push(event) })
  while (await archiver.step());
  return events
}

/** The name of the segment that transactions of one file make. */
export function segmentOf(log: SyntheticLog, first: number, last: number, lineage = rootLineage(log.store)): SegmentName {
  const { logVersion, start } = log.at(first)
  const { end, checksum } = log.at(last)
  const latest = Math.max(...log.transactions.filter(({ id }) => first <= id && id <= last).map(({ commitTime }) => commitTime))
  return { lineage, first, last, checksum, latest, logVersion, start: start === 128 ? 0 : start, end }
}

/** Stores a segment as it is, without an archiver. */
export async function putSegment(repository: Repository, log: SyntheticLog, segment: SegmentName): Promise<void> {
  const bytes = log.slice(segment.first, segment.last)
  await repository.archive.putSegment(
    segment,
    (async function* () {
      yield await Promise.resolve(bytes)
    })(),
  )
}

/** Archives the newest transactions of a log, as an archiver does that had begun before another log left its lineage. */
export async function archiveOn(repository: Repository, log: SyntheticLog, count: number, lineage?: string): Promise<void> {
  await putSegment(repository, log, segmentOf(log, log.last.id - count + 1, log.last.id, lineage))
}

/** Segments as `first-last`, in the order of a listing. */
export async function archived(repository: Repository): Promise<string[]> {
  return (await repository.archive.list()).segments.map(({ first, last }) => `${first}-${last}`)
}

/** Backs up synthetic logs as they are, with a store of a few bytes, as one set. */
export async function backUpLogs(repository: Repository, ...logs: readonly SyntheticLog[]): Promise<Manifest> {
  const keys = logs.map(({ database, store }) => storeKey({ name: database, storeId: storeIdOf(store) }))
  await using writer = await repository.startBackup({ command: 'test', stores: keys, blockSize: 4096 })
  const databases: ManifestDatabase[] = []
  for (const log of logs) {
    const files: ManifestDatabase['files'] = []
    const add = async (path: string, kind: 'record' | 'log' | 'checkpoint', content: Buffer): Promise<void> => {
      const firstBlock = writer.length
      for (let at = 0; at < content.length; at += writer.blockSize)
        await writer.add(content.subarray(at, at + writer.blockSize), { path, block: writer.length - firstBlock })
      files.push({
        path,
        size: content.length,
        mode: 0o600,
        uid: 0,
        gid: 0,
        kind,
        firstBlock,
        blocks: writer.length - firstBlock,
      })
    }
    await add(`databases/${log.database}/neostore`, 'record', Buffer.from(`up to ${log.last.id}`))
    for (const name of readdirSync(log.directory).toSorted()) {
      const kind = name.startsWith('checkpoint') ? 'checkpoint' : 'log'
      await add(`transactions/${log.database}/${name}`, kind, readFileSync(join(log.directory, name)))
    }
    databases.push(describeDatabase(log, files))
  }
  return await writer.finish({ holdfast: '0.0.0', offline: false, databases })
}

function describeDatabase(log: SyntheticLog, files: ManifestDatabase['files']): ManifestDatabase {
  const { id, checksum, commitTime } = log.last
  return {
    name: log.database,
    storeId: { ...storeIdOf(log.store), format: 'aligned' },
    kernelVersion: log.kernelVersion,
    logFormat: 9,
    checkpoint: { logVersion: 0, byteOffset: 128, transactionId: 1, time: new Date(commitTime).toISOString() },
    lastTransaction: { id, checksum, commitTime: new Date(commitTime).toISOString() },
    files,
    leftOut: [],
  }
}

function storeIdOf({ creationTime, random }: SyntheticLog['store']): { creationTime: string; random: string } {
  return { creationTime: String(creationTime), random }
}
