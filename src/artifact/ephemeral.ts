import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import { checkConsistency } from '../neo4j/admin.ts'
import { noRoom, spaceComplaint } from '../neo4j/fullDisk.ts'
import type { Installation } from '../neo4j/installation.ts'
import { startNeo4j } from '../neo4j/instance.ts'
import type { Neo4jInstance } from '../neo4j/neo4jInstance.ts'
import { scratchSizing } from '../neo4j/scratchSizing.ts'
import { StartFailure } from '../neo4j/startFailure.ts'
import { loadDump } from './loadDump.ts'
import { type Smoke, type SmokeRequest, smokeQuery } from './smokeQuery.ts'
import type { StepListener } from './step.ts'

/** One thing that was looked at. */
export interface Check {
  name: string
  passed: boolean
  /** What was expected and found. */
  detail: string
}

/** A dump to be tried, and where. */
export interface Trial {
  installation: Installation
  /** The folder of `<database>.dump`. */
  dumps: string
  dataDir: string
  home: string
  database: string
  smoke: SmokeRequest
  progress: ProgressListener
  onStep: StepListener
  signal: AbortSignal
}

/**
 * Loads a dump into an ephemeral Neo4j, has its files checked, starts it and asks it a question. What fails ends it.
 * @throws HoldfastError where something else than the dump is to blame.
 */
export async function tryDump(trial: Trial): Promise<{ checks: Check[]; smoke: Smoke | undefined }> {
  const { installation, dumps, database, progress, onStep } = trial
  const checks: Check[] = []
  const note = (name: string, passed: boolean, detail: string): boolean => {
    checks.push({ name, passed, detail })
    onStep(name, { passed, detail })
    return passed
  }
  progress({ phase: `neo4j-admin database load ${database}` })
  const refusal = await loadDump(installation, adminPlace(trial), { database, folder: dumps })
  if (!note('load', refusal === undefined, refusal ?? `loaded by Neo4j ${installation.version}`))
    return { checks, smoke: undefined }

  // A store of an older version can only be checked when the server has upgraded it.
  const early = await consistency(trial).catch((error: unknown) => laterInstead(error, trial))
  if (early) note('neo4j-admin database check', early.passed, early.detail)
  const started = await start(trial)
  if (started instanceof StartFailure) {
    note('start', false, started.message)
    return { checks, smoke: undefined }
  }
  note('start', true, `Neo4j ${started.version} answers`)
  const smoke = await question(started, trial)
  note('query', smoke.asExpected !== false, smoke.detail)
  if (early) return { checks, smoke }
  const late = await consistency(trial)
  note('neo4j-admin database check', late.passed, late.detail)
  return { checks, smoke }
}

function adminPlace({ home, dataDir, signal }: Trial) {
  return { home: join(home, 'admin'), dataDir, signal }
}

async function consistency(trial: Trial): Promise<{ passed: boolean; detail: string }> {
  const { installation, database, progress } = trial
  progress({ phase: `neo4j-admin database check ${database}` })
  const { consistent, text } = await checkConsistency(installation, adminPlace(trial), database)
  return { passed: consistent, detail: consistent ? 'consistent' : text.trim().slice(-2000) }
}

function laterInstead(error: unknown, { signal, onStep }: Trial): undefined {
  signal.throwIfAborted()
  if (!(error instanceof HoldfastError) || error.code !== 'failed') throw error
  onStep('check later', { reason: error.message })
}

async function start({ installation, home, dataDir, database, progress, signal }: Trial): Promise<Neo4jInstance | StartFailure> {
  const settings = { 'initial.dbms.default_database': database === 'system' ? 'neo4j' : database }
  const sizing = scratchSizing(await bytesBelow(dataDir))
  try {
    return await startNeo4j({ installation, home, dataDir, settings, ...sizing, signal, onProgress: progress })
  } catch (error) {
    if (error instanceof StartFailure) return error
    throw error
  }
}

/** Asks the server and stops it. */
async function question(started: Neo4jInstance, { database, smoke, home, dataDir, progress, signal }: Trial): Promise<Smoke> {
  await using server = started
  // A query cannot be given up, the server can.
  const end = (): void => void server.kill()
  signal.addEventListener('abort', end, { once: true })
  try {
    signal.throwIfAborted()
    progress({ phase: 'query' })
    await using graph = await server.connect()
    return await smokeQuery(graph, database, smoke)
  } catch (error) {
    signal.throwIfAborted()
    const complaint = await spaceComplaint(home)
    if (complaint !== undefined) throw noRoom(server.version, { home, dataDir }, complaint)
    throw error
  } finally {
    signal.removeEventListener('abort', end)
  }
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name))).size
  return bytes
}
