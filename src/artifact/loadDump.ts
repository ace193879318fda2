import { adminFailure, type AdminPlace, neo4jAdmin } from '../neo4j/adminTool.ts'
import type { Installation } from '../neo4j/installation.ts'

/** What keeps Neo4j from loading anything, and so says nothing about a dump. */
const wants = /No space left on device|Disk quota exceeded|OutOfMemoryError|insufficient memory/i

/**
 * Loads `<database>.dump` of a folder into an empty data directory.
 * @returns why Neo4j cannot load it; undefined where it did.
 * @throws HoldfastError `failed` where that says nothing about the dump.
 */
export async function loadDump(
  installation: Installation,
  place: AdminPlace,
  { database, folder }: { database: string; folder: string },
): Promise<string | undefined> {
  const result = await neo4jAdmin(installation, place, ['database', 'load', `--from-path=${folder}`, database])
  if (result.exitCode === 0) return undefined
  const failure = adminFailure('database load', result)
  if (result.exitCode === null || wants.test(result.text)) throw failure
  return failure.message
}
