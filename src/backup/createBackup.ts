import { isAbsolute } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import { liesIn } from '../core/nestedPaths.ts'
import type { ProgressListener } from '../core/progress.ts'
import { holdfastVersion } from '../core/version.ts'
import { isRunning, listDatabases, listStoreFiles, logDirectory, strayStores } from '../neo4j/dataDirectory.ts'
import type { Graph } from '../neo4j/graph.ts'
import { readLastCheckpoint } from '../neo4j/lastCheckpoint.ts'
import { storeKey } from '../repository/baseBlocks.ts'
import type { BackupWriter, ManifestFields } from '../repository/backupWriter.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { CopyTarget } from './copyTarget.ts'
import { dataFileFailure } from '../neo4j/dataFileFailure.ts'
import { DatabaseCopy } from './databaseCopy.ts'
import { LogChangedError } from '../neo4j/heldLogFiles.ts'
import { StoreReplacedError } from './heldStore.ts'
import { askServer, recordServer, type ServerRecord } from './serverFacts.ts'
import { throttleTo, unlimited } from './throttle.ts'

export interface CreateOptions {
  repository: Repository
  dataDir: string
  /** The database is stopped, and must stay so. */
  offline?: boolean
  /** The server, to be asked for its version, schema and counts; undefined where it does not answer. */
  graph?: Graph | undefined
  /** Bytes a second to read at most. */
  maxRate?: number | undefined
  label?: string | undefined
  /** Milliseconds to wait for another backup or delete that is running. */
  wait?: number | undefined
  clock: Clock
  progress: ProgressListener
  signal: AbortSignal
  warn: (message: string) => void
  /** Is told why the backup does not record what the server says, where one was given. */
  onUnasked?: ((error: unknown) => void) | undefined
}

/** How often everything is copied again because Neo4j pruned log that was still needed; what is stored already costs nothing again. */
const tries = 3

/**
 * Takes a base backup of all databases of a data directory, `system` among them, as one set.
 * Only reads there, and needs no answer from the server.
 * @throws HoldfastError `neo4j-unavailable` where the files cannot be had, `integrity` where the log is damaged,
 * `refused` where another backup runs, or where the database runs though it should be offline.
 */
export async function createBackup(options: CreateOptions): Promise<Manifest> {
  try {
    return await create(options)
  } catch (error) {
    throw dataFileFailure(error, options.dataDir)
  }
}

async function create(options: CreateOptions): Promise<Manifest> {
  const { repository, dataDir, graph, clock, signal } = options
  const names = await listDatabases(dataDir)
  await requireApart(repository.location, dataDir)
  for (const name of await strayStores(dataDir))
    options.warn(
      `databases/${name} holds a store that is no database, and is not backed up: it has no transaction log, or a name Neo4j knows not`,
    )
  if (options.offline) await requireStopped(dataDir)
  const before = graph && (await unlessUnwilling(async () => askServer(graph, names), options))
  const stores = await storesOf(dataDir, names)
  const onLeftBehind = (error: unknown): void =>
    options.warn(
      `what was stored of this backup is not all removed; the next backup delete removes what no backup needs: ${messageOf(error)}`,
    )
  const asked = { command: 'backup create', signal, wait: options.wait, stores, onLeftBehind }
  await using writer = await repository.startBackup(asked)
  for (const { id, created } of datedAfter(writer.earlier, clock.now()))
    options.warn(
      `backup ${id} says it was made at ${created}, which is yet to come, and counts as the latest: was a clock wrong?`,
    )
  for (const { id, error } of writer.skipped)
    options.warn(`backup ${id} is damaged and nothing of it is reused: ${error.message}`)

  const databases = await copyUntilWhole(names, writer, options)
  if (options.offline) await requireStopped(dataDir)
  const record = before && (await unlessUnwilling(async () => recordServer(graph, before, databases, { clock, signal }), options))
  return await writer.finish(fieldsOf(databases, record, options))
}

/** Backups that a clock which was ahead has dated; a few minutes are no matter. */
function datedAfter(backups: readonly Manifest[], now: Date): Manifest[] {
  const limit = new Date(now.getTime() + 5 * 60_000).toISOString()
  return backups.filter(({ created }) => created > limit)
}

/** A backup needs only files: what the server says, or does not say, never stops it. */
async function unlessUnwilling<Said>(
  ask: () => Promise<Said>,
  { signal, warn, onUnasked }: CreateOptions,
): Promise<Said | undefined> {
  try {
    return await ask()
  } catch (error) {
    // That the copied files lack transactions is no matter of the server's willingness.
    if (!(error instanceof HoldfastError) || error.code === 'integrity' || signal.aborted) throw error
    warn(`the backup is made without the server's version, schema and counts: ${error.message}`)
    onUnasked?.(error)
    return undefined
  }
}

async function copyUntilWhole(names: string[], writer: BackupWriter, options: CreateOptions): Promise<ManifestDatabase[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await copyDatabases(names, writer, options)
    } catch (error) {
      if (!(error instanceof LogChangedError || error instanceof StoreReplacedError) || attempt === tries) throw error
      options.warn(`${error.message}; copying again from a newer checkpoint`)
      writer.rewind(0)
    }
  }
}

/** First the stores of all databases, then their logs, so that all of them end at nearly the same moment. */
async function copyDatabases(names: string[], writer: BackupWriter, options: CreateOptions): Promise<ManifestDatabase[]> {
  const { dataDir, progress, clock, maxRate } = options
  const throttle = maxRate === undefined ? unlimited : throttleTo(maxRate, clock)
  const total = await sizeOf(dataDir, names)
  let done = 0
  let phase = ''
  const copied = (bytes: number): void => {
    done += bytes
    progress({ phase, done, total: Math.max(total, done) })
  }

  await using copies = new AsyncDisposableStack()
  const begun: { name: string; copy: DatabaseCopy }[] = []
  for (const name of names) {
    const copy = await DatabaseCopy.begin(dataDir, name, new CopyTarget(writer, throttle, copied))
    begun.push({ name, copy: copies.use(copy) })
  }
  for (const { name, copy } of begun) {
    phase = `copy ${name}`
    await copy.copyStore()
  }
  const databases: ManifestDatabase[] = []
  for (const { name, copy } of begun) {
    phase = `copy the log of ${name}`
    databases.push(await copy.copyLog())
  }
  return databases
}

function fieldsOf(
  databases: ManifestDatabase[],
  record: ServerRecord | undefined,
  { offline = false, label }: CreateOptions,
): ManifestFields {
  return {
    holdfast: holdfastVersion(),
    offline,
    ...(label === undefined ? {} : { label }),
    ...(record ? { server: record.server } : {}),
    databases: databases.map((database) => {
      const facts = record?.facts.get(database.name)
      return facts ? { ...database, facts } : database
    }),
  }
}

/** Which stores these are, whatever was restored or made anew under their names. */
async function storesOf(dataDir: string, names: string[]): Promise<string[]> {
  const checkpoints = await Promise.all(names.map(async (name) => readLastCheckpoint(logDirectory(dataDir, name))))
  return checkpoints.map(({ checkpoint: { storeId } }, index) =>
    storeKey({ name: names[index]!, storeId: { creationTime: String(storeId.creationTime), random: storeId.random } }),
  )
}

/** A repository in the data directory would be written among Neo4j's files, and be backed up with them. */
async function requireApart(location: string, dataDir: string): Promise<void> {
  if (!isAbsolute(location) || !((await liesIn(location, dataDir)) || (await liesIn(dataDir, location)))) return
  throw new HoldfastError('refused', `the repository ${location} and the data directory ${dataDir} lie in each other`, {
    hint: 'make a repository elsewhere, on another disk if possible: `holdfast repo init --repo DIR`',
  })
}

async function requireStopped(dataDir: string): Promise<void> {
  if (!(await isRunning(dataDir))) return
  throw new HoldfastError('refused', `a running Neo4j uses ${dataDir}, expected a stopped one with --offline`, {
    hint: 'stop Neo4j, or leave --offline out: a backup of a running database needs no stop',
  })
}

/** Bytes of the stores, for the progress; the log comes on top. */
async function sizeOf(dataDir: string, names: string[]): Promise<number> {
  const files = await Promise.all(names.map(async (name) => listStoreFiles(dataDir, name)))
  return files.flat().reduce((sum, file) => sum + (file.kind === 'never' ? 0 : file.size), 0)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
