import type { Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { heldLocks } from './fileLocks.ts'
import { type StoreFileKind, storeFileKind } from './storeFileKind.ts'

/** A file of a store as it was when it was listed. */
export interface StoreFile {
  /** Relative to the data directory, with `/`: `databases/neo4j/neostore.nodestore.db`. */
  path: string
  kind: StoreFileKind
  /** In bytes. */
  size: number
  /** Permission bits, such as 0o644. */
  mode: number
  uid: number
  gid: number
}

/** A numbered file of a transaction log or a checkpoint log. */
export interface LogFile {
  version: number
  name: string
}

/** The folder of a database's store, `databases/<database>`. */
export function storeDirectory(dataDir: string, database: string): string {
  return join(dataDir, 'databases', database)
}

/** The folder of a database's transaction log and checkpoint log, `transactions/<database>`. */
export function logDirectory(dataDir: string, database: string): string {
  return join(dataDir, 'transactions', database)
}

/**
 * The names of the databases in a data directory, sorted.
 * @throws HoldfastError `neo4j-unavailable` where it is no data directory, or there is none in it.
 */
export async function listDatabases(dataDir: string): Promise<string[]> {
  const databases = await databasesSoFar(dataDir)
  if (databases.length > 0) return databases
  const found = (await namesIn(join(dataDir, 'databases'))) ?? []
  throw new HoldfastError('neo4j-unavailable', `no database in ${dataDir}: found ${found.join(', ') || 'nothing'} in databases`, {
    hint: 'start Neo4j once on this directory, or point --data-dir to the one it uses',
  })
}

/**
 * The same where there may be none yet, because Neo4j is being started for the first time.
 * @throws HoldfastError `neo4j-unavailable` where it is no data directory.
 */
export async function databasesSoFar(dataDir: string): Promise<string[]> {
  const stores = await namesIn(join(dataDir, 'databases'))
  const logs = await namesIn(join(dataDir, 'transactions'))
  if (stores === undefined || logs === undefined) throw await noDataDirectory(dataDir)
  const databases: string[] = []
  for (const name of stores) if (logs.includes(name) && (await isDatabase(dataDir, name))) databases.push(name)
  return databases.toSorted()
}

/** What Neo4j lets a database be called. */
const databaseName = /^(system|[a-zA-Z][a-zA-Z0-9.-]{2,62})$/

/** A folder of another name, such as `lost+found`, or one with neither a store nor a log, is no database. */
async function isDatabase(dataDir: string, name: string): Promise<boolean> {
  if (!databaseName.test(name)) return false
  const store = (await namesIn(storeDirectory(dataDir, name))) ?? []
  const log = (await namesIn(logDirectory(dataDir, name))) ?? []
  return store.includes('neostore') || log.some((file) => file.startsWith('neostore.transaction.db.'))
}

/** The folders below `databases` that hold a store and are no database, such as a copy that someone put there. */
export async function strayStores(dataDir: string): Promise<string[]> {
  const databases = await listDatabases(dataDir)
  const stray: string[] = []
  for (const name of (await namesIn(join(dataDir, 'databases'))) ?? [])
    if (!databases.includes(name) && (await namesIn(storeDirectory(dataDir, name)))?.includes('neostore')) stray.push(name)
  return stray.toSorted()
}

/**
 * Makes sure that a database has its store and its log in a data directory.
 * @throws HoldfastError `neo4j-unavailable` where it has not, or where there is no data directory.
 */
export async function requireDatabase(dataDir: string, database: string): Promise<void> {
  const databases = await listDatabases(dataDir)
  if (databases.includes(database)) return
  throw new HoldfastError('neo4j-unavailable', `no database '${database}' in ${dataDir}: found ${databases.join(', ')}`, {
    hint: 'name one of them with --database',
  })
}

/** What Neo4j calls the log file of that version. */
export function logFileName(version: number): string {
  return `neostore.transaction.db.${version}`
}

/** The files `neostore.transaction.db.N` of a log directory in the order of N. */
export async function listLogFiles(directory: string): Promise<LogFile[]> {
  return numberedFiles(directory, 'neostore.transaction.db')
}

/** The files `checkpoint.N` of a log directory in the order of N. */
export async function listCheckpointFiles(directory: string): Promise<LogFile[]> {
  return numberedFiles(directory, 'checkpoint')
}

/**
 * Every file of a database's store, sorted by path; what vanishes meanwhile is left out.
 * @throws HoldfastError `neo4j-unavailable` where there is no store, `refused` at a symbolic link or anything else that is not a file.
 */
export async function listStoreFiles(dataDir: string, database: string): Promise<StoreFile[]> {
  const store = storeDirectory(dataDir, database)
  const names = await namesIn(store)
  if (names === undefined) throw new HoldfastError('neo4j-unavailable', `no store of database '${database}' in ${dataDir}`)
  const files: StoreFile[] = []
  const pending = names
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stats = await statsOf(join(store, path))
    if (stats === undefined) continue
    if (stats.isDirectory()) {
      for (const name of (await namesIn(join(store, path))) ?? []) pending.push(posix.join(path, name))
      continue
    }
    if (!stats.isFile()) throw notAFile(join(store, path), stats)
    if (!plainName.test(path)) throw strangeName(join(store, path))
    const { size, mode, uid, gid } = stats
    const kind = storeFileKind(path)
    files.push({ path: posix.join('databases', database, path), kind, size, mode: mode & 0o7777, uid, gid })
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/**
 * Whether a process of this machine has locked a store of the data directory, as a running Neo4j does.
 * It cannot see a process in another container, so `false` is no proof.
 */
export async function isRunning(dataDir: string): Promise<boolean> {
  const databases = (await namesIn(join(dataDir, 'databases'))) ?? []
  const stores = databases.map((database) => join(storeDirectory(dataDir, database), 'database_lock'))
  return heldLocks([join(dataDir, 'databases', 'store_lock'), ...stores])
}

async function numberedFiles(directory: string, prefix: string): Promise<LogFile[]> {
  const names = await namesIn(directory)
  if (names === undefined) {
    throw new HoldfastError('neo4j-unavailable', `no transaction log: ${directory} does not exist`, {
      hint: 'server.directories.transaction.logs.root must point into the data directory',
    })
  }
  const files = names
    .filter((name) => name.startsWith(`${prefix}.`) && /^\d+$/.test(name.slice(prefix.length + 1)))
    .map((name) => ({ name, version: Number(name.slice(prefix.length + 1)) }))
    .toSorted((a, b) => a.version - b.version)
  for (const { name } of files) {
    const stats = await statsOf(join(directory, name))
    // A pipe would keep whoever opens it waiting for ever.
    if (stats && !stats.isFile()) throw notAFile(join(directory, name), stats)
  }
  return files
}

/** The names in a folder, or undefined where there is no such folder. */
async function namesIn(directory: string): Promise<string[] | undefined> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    if (hasSystemCode(error, 'EACCES', 'EPERM')) {
      throw new HoldfastError('neo4j-unavailable', `${directory} cannot be read: permission denied`, {
        hint: 'run Holdfast as the user or in the group that owns Neo4j’s files; it only reads them',
        cause: error,
      })
    }
    throw error
  }
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined
    throw error
  }
}

async function noDataDirectory(dataDir: string): Promise<HoldfastError> {
  const names = await namesIn(dataDir)
  const found = names === undefined ? 'no such directory' : `found ${names.slice(0, 8).join(', ') || 'nothing in it'}`
  const suggestion = await likelyDataDirectory(dataDir)
  return new HoldfastError(
    'neo4j-unavailable',
    `${dataDir} is not a Neo4j data directory: expected databases and transactions, ${found}`,
    {
      hint:
        suggestion === undefined
          ? 'point --data-dir to the folder that holds databases and transactions'
          : `did you mean ${suggestion}?`,
    },
  )
}

/** The data directory that is near: inside of what was given, or above it. */
async function likelyDataDirectory(given: string): Promise<string | undefined> {
  const inner = ['databases', 'transactions'].includes(basename(given)) ? [join(given, '..')] : []
  for (const candidate of [join(given, 'data'), ...inner, join(given, '..', '..')]) {
    const names = (await namesIn(candidate)) ?? []
    if (names.includes('databases') && names.includes('transactions')) return candidate
  }
  return undefined
}

/** Names that a backup can hold: no control characters and no backslash. */
const plainName = /^[^\u0000-\u001f\u007f-\u009f\\]+$/

function strangeName(path: string): HoldfastError {
  return new HoldfastError('refused', `${JSON.stringify(path)} has a name that no backup can hold`, {
    hint: 'no file of Neo4j has such a name: move it out of the store',
  })
}

function notAFile(path: string, stats: Stats): HoldfastError {
  const type = stats.isSymbolicLink() ? 'a symbolic link' : 'neither a file nor a folder'
  return new HoldfastError('refused', `${path} is ${type}: expected only files and folders of Neo4j`, {
    hint: 'move what is there to an ordinary file; Neo4j makes no links there',
  })
}
