import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { adminFailure, type AdminPlace, neo4jAdmin, runAdmin } from './adminTool.ts'
import type { Installation } from './installation.ts'

/** What `neo4j-admin database check` found. */
export interface ConsistencyReport {
  consistent: boolean
  /** What it printed. */
  text: string
  exitCode: number
}

/**
 * Has Neo4j check the records, counts and indexes of a database of a stopped server.
 * @throws HoldfastError `failed` where the check itself could not be made.
 */
export async function checkConsistency(
  installation: Installation,
  place: AdminPlace,
  database: string,
): Promise<ConsistencyReport> {
  const reports = join(place.home, 'logs')
  const result = await neo4jAdmin(installation, place, ['database', 'check', `--report-path=${reports}`, database])
  const { text, exitCode } = result
  if (exitCode === 0) return { consistent: true, text, exitCode }
  if (exitCode === null || !/[Ii]nconsisten(t|cies)/.test(text)) throw adminFailure(`database check ${database}`, result)
  return { consistent: false, text, exitCode }
}

/**
 * Writes a database of a stopped server as `<database>.dump` into a folder, which is made where it is missing; returns its path.
 * @throws HoldfastError `failed` where there is such a file already, or where it cannot be written.
 */
export async function dump(installation: Installation, place: AdminPlace, database: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  await runAdmin(installation, place, ['database', 'dump', `--to-path=${folder}`, database])
  return join(folder, `${database}.dump`)
}
