import { join } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import { checkConsistency } from '../neo4j/admin.ts'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import type { Installation } from '../neo4j/installation.ts'
import { noRoom, spaceComplaint } from '../neo4j/fullDisk.ts'
import { startNeo4j } from '../neo4j/instance.ts'
import type { Neo4jInstance } from '../neo4j/neo4jInstance.ts'
import { StartFailure } from '../neo4j/startFailure.ts'
import { readLastCheckpoint } from '../neo4j/lastCheckpoint.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { type Check, checkGraph } from './checks.ts'
import { scratchSizing } from '../neo4j/scratchSizing.ts'
import type { Staging } from './staging.ts'
import { startedDatabase } from './startedDatabase.ts'

/** The name of the check that a scratch Neo4j recovers the restored data and answers. */
const startCheck = 'start'

interface ValidationOptions {
  /** The restored data directory: the scratch server recovers it, as production's server would. */
  dataDir: string
  /** The scratch server's own folder. */
  home: string
  manifest: Manifest
  progress: ProgressListener
  signal: AbortSignal
}

/**
 * Boots a scratch Neo4j on a restored data directory, asks it what it holds, stops it, and runs `neo4j-admin database check`.
 * @throws HoldfastError `neo4j-unavailable` where no such Neo4j can be run at all.
 */
export async function validateRestored(staging: Staging, options: ValidationOptions): Promise<Check[]> {
  const installation = await staging(options.manifest)
  const questioned = await question(installation, options)
  // What does not start cannot be checked any further: neo4j-admin would only say that it was not shut down.
  if (questioned.some(({ name, passed }) => name === startCheck && !passed)) return questioned
  const consistent: Check[] = []
  for (const { name } of options.manifest.databases) {
    options.signal.throwIfAborted()
    options.progress({ phase: `neo4j-admin database check ${name}` })
    const { dataDir, home, signal } = options
    const report = await checkConsistency(installation, { home: join(home, 'admin'), dataDir, signal }, name)
    consistent.push({
      database: name,
      name: 'neo4j-admin database check',
      passed: report.consistent,
      detail: report.consistent ? 'consistent' : report.text.trim().slice(-2000),
    })
  }
  return [...questioned, ...consistent]
}

/** Community runs one database beside `system`, so where a backup holds several the scratch server is started for each in turn. */
async function question(installation: Installation, options: ValidationOptions): Promise<Check[]> {
  const { databases } = options.manifest
  const users = databases.filter(({ name }) => name !== 'system')
  const checks: Check[] = []
  for (const database of users.length > 0 ? users : databases) {
    const system = database === (users[0] ?? databases[0]) ? databases.filter(({ name }) => name === 'system') : []
    checks.push(...(await questionOne(installation, database, system, options)))
  }
  return checks
}

async function questionOne(
  installation: Installation,
  database: ManifestDatabase,
  system: ManifestDatabase[],
  options: ValidationOptions,
): Promise<Check[]> {
  const { dataDir, home, progress, signal } = options
  const started = await startScratch(installation, database, options)
  if (started instanceof StartFailure) {
    return [{ database: database.name, name: startCheck, passed: false, detail: started.message }]
  }
  await using server = started
  const checks: Check[] = []
  for (const recorded of new Set([database, ...system])) checks.push(await checkLastTransaction(dataDir, recorded))
  await using graph = await server.connect()
  if (database.name !== 'system') {
    signal.throwIfAborted()
    progress({ phase: `check ${database.name}` })
    checks.push(...(await checkGraph(graph, database)))
  }
  const stopped = await server.stop()
  // A last checkpoint that failed for want of room says nothing about the backup.
  const complaint = await spaceComplaint(home)
  if (complaint !== undefined) throw noRoom(server.version, { home, dataDir }, complaint)
  if (!stopped) {
    throw new HoldfastError('failed', `the scratch Neo4j ${server.version} did not stop by itself`, {
      hint: 'run it again with --resume',
    })
  }
  return checks
}

/** @returns why it did not start on this data, where it did not. */
async function startScratch(
  installation: Installation,
  { name }: ManifestDatabase,
  { dataDir, home, manifest, progress, signal }: ValidationOptions,
): Promise<Neo4jInstance | StartFailure> {
  progress({ phase: `start a scratch Neo4j ${installation.version}` })
  const settings = { 'initial.dbms.default_database': startedDatabase(manifest, name) }
  const sizing = scratchSizing(manifest.totals.size)
  try {
    return await startNeo4j({ installation, home, dataDir, settings, ...sizing, signal, onProgress: progress })
  } catch (error) {
    if (error instanceof StartFailure) return error
    throw error
  }
}

/** Recovery ends with a checkpoint that names the last transaction it found. */
export async function checkLastTransaction(
  dataDir: string,
  { name, lastTransaction: expected }: ManifestDatabase,
): Promise<Check> {
  const { transaction } = (await readLastCheckpoint(logDirectory(dataDir, name))).checkpoint
  return {
    database: name,
    name: 'last transaction',
    passed: transaction.id === expected.id && transaction.checksum === expected.checksum,
    detail: `expected ${expected.id} with checksum ${expected.checksum}, found ${transaction.id} with ${transaction.checksum}`,
  }
}
