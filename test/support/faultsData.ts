import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expect } from 'vitest'
import { silent } from '../../src/core/progress.ts'
import { loadSampleGraph } from '../../src/demo/sampleGraph.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { filesOf, type Manifest } from '../../src/repository/manifest.ts'
import { startIn } from './neo4j.ts'

export interface DataSpec {
  version?: string
  /** Size of the graph. */
  entities?: number
  /** How its server ended: with a last checkpoint, or with SIGKILL and much log behind the last checkpoint. */
  ending: 'stopped' | 'killed'
  settings?: Record<string, string>
}

/** Has a real Neo4j make a data directory with a small graph, an index of each kind and a log of several files; nobody uses it any more. */
export async function makeData(
  folder: string,
  { version = namedVersions.lts, entities = 1500, ending, settings = {} }: DataSpec,
): Promise<string> {
  const instance = await startIn(folder, version, { settings: { 'db.tx_log.rotation.size': '256k', ...settings } })
  try {
    await using graph = await instance.connect()
    await loadSampleGraph(graph, entities, silent)
    await graph.query('CREATE (:Last {text: "the last thing written"})', {}, { write: true })
    if (ending === 'stopped') await instance.stop()
    return instance.dataDir
  } finally {
    await instance.kill()
  }
}

/** Every file and folder below a folder, with all that a change would leave a mark in, by path. */
export async function listing(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    const { mode, uid, gid, size, mtimeNs } = await lstat(path, { bigint: true })
    const content = entry.isFile() ? `${size} bytes ${await digest(path)}` : 'no file'
    return [relative(folder, path), `${mode.toString(8)} ${uid}:${gid} changed ${mtimeNs}: ${content}`] as const
  })
  return Object.fromEntries((await Promise.all(lines)).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Makes sure that a restored directory holds the files of its backup as they are in the data directory it was made from, and no others. */
export async function expectSameFiles(dataDir: string, restored: string, manifest: Manifest): Promise<void> {
  const copied = new Map(filesOf(manifest).map(({ path, size }) => [path, size]))
  const present = await files(dataDir)
  const left = present.filter((path) => !copied.has(path) && !isNeverCopied(path) && !isOldLog(path, manifest))
  expect(left, 'files that are not in the backup').toEqual([])
  expect(await files(restored)).toEqual([...copied.keys()].toSorted())
  const [expected, found] = await Promise.all([describeFiles(dataDir, copied), describeFiles(restored, copied)])
  expect(found).toEqual(expected)
}

/** Locks, temporary files, and the identity of the server itself. */
function isNeverCopied(path: string): boolean {
  return /(_lock|\.lock|\.tmp\.0)$/.test(path) || path === 'server_id' || path.startsWith('dbms/')
}

/** Log from before the checkpoint that the backup starts with. */
function isOldLog(path: string, { databases }: Manifest): boolean {
  const [, database, kind, version] = /^transactions\/([^/]+)\/(neostore\.transaction\.db|checkpoint)\.(\d+)$/.exec(path) ?? []
  const found = databases.find(({ name }) => name === database)
  return found !== undefined && (kind === 'checkpoint' || Number(version) < found.checkpoint.logVersion)
}

/** Mode, owner and the digest of as many bytes as the backup has of each file. */
async function describeFiles(folder: string, sizes: ReadonlyMap<string, number>): Promise<Record<string, string>> {
  const lines = [...sizes].map(async ([path, size]) => {
    const { mode, uid, gid } = await lstat(join(folder, path))
    return [path, `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${await digest(join(folder, path), size)}`] as const
  })
  return Object.fromEntries(await Promise.all(lines))
}

/** The paths of all files, sorted. */
export async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found = entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  return found.toSorted()
}

async function digest(path: string, length = Number.POSITIVE_INFINITY): Promise<string> {
  const hash = createHash('sha256')
  if (length > 0) await pipeline(createReadStream(path, { end: length - 1 }), hash)
  return hash.digest('hex')
}
