import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { adminFailure, type AdminPlace, neo4jAdmin } from './adminTool.ts'
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
  await run(installation, place, ['database', 'dump', `--to-path=${folder}`, database])
  return join(folder, `${database}.dump`)
}

/**
 * Loads `<database>.dump` of a folder as that database of a stopped server.
 * @throws HoldfastError `failed` where there is no such file, or such a database is there already and is not to be overwritten.
 */
export async function load(
  installation: Installation,
  place: AdminPlace,
  database: string,
  folder: string,
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<void> {
  const flags = overwrite ? ['--overwrite-destination=true'] : []
  await run(installation, place, ['database', 'load', `--from-path=${folder}`, ...flags, database])
}

/** CSV files, each group with a header file first, and the labels or the type that they get. */
export interface CsvFiles {
  /** Labels separated by `:`, or the type; empty where the files themselves say it. */
  name: string
  files: readonly string[]
}

/**
 * Builds a database of a stopped server from CSV files, in place of what is there.
 * @throws HoldfastError `failed` where neo4j-admin refuses them.
 */
export async function importCsv(
  installation: Installation,
  place: AdminPlace,
  database: string,
  { nodes, relationships }: { nodes: readonly CsvFiles[]; relationships: readonly CsvFiles[] },
): Promise<void> {
  // The database comes first: each group takes every word that follows it for one of its files.
  const group = ({ name, files }: CsvFiles): string => `${name === '' ? '' : `${name}=`}${files.join(',')}`
  const groups = [...nodes.map((csv) => `--nodes=${group(csv)}`), ...relationships.map((csv) => `--relationships=${group(csv)}`)]
  await run(installation, place, ['database', 'import', 'full', database, '--overwrite-destination=true', ...groups])
}

async function run(installation: Installation, place: AdminPlace, args: readonly string[]): Promise<void> {
  const result = await neo4jAdmin(installation, place, args)
  if (result.exitCode !== 0) throw adminFailure(args.slice(0, 2).join(' '), result)
}
