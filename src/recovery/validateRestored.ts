import { join } from 'node:path'
import type { ProgressListener } from '../core/progress.ts'
import { checkConsistency } from '../neo4j/admin.ts'
import { logDirectory } from '../neo4j/dataDirectory.ts'
import type { Installation } from '../neo4j/installation.ts'
import { startNeo4j } from '../neo4j/instance.ts'
import { readLastCheckpoint } from '../neo4j/lastCheckpoint.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import { type Check, checkGraph } from './checks.ts'
import type { Staging } from './staging.ts'

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

async function question(
  installation: Installation,
  { dataDir, home, manifest, progress, signal }: ValidationOptions,
): Promise<Check[]> {
  progress({ phase: `start a scratch Neo4j ${installation.version}` })
  await using server = await startNeo4j({ installation, home, dataDir, signal, onProgress: progress })
  const checks: Check[] = []
  for (const database of manifest.databases) checks.push(await checkLastTransaction(dataDir, database))
  await using graph = await server.connect()
  for (const database of manifest.databases) {
    if (database.name === 'system') continue
    signal.throwIfAborted()
    progress({ phase: `check ${database.name}` })
    checks.push(...(await checkGraph(graph, database)))
  }
  await server.stop()
  return checks
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
