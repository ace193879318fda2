import { adminFailure, type AdminPlace, neo4jAdmin } from '../neo4j/adminTool.ts'
import type { Installation } from '../neo4j/installation.ts'

/** The words of a neo4j-admin that ran and came to a dump; where Java itself fails, they are missing. */
const hasTried = /Failed to load database|Load failed for databases/

/** What keeps Neo4j from loading anything, and so says nothing about a dump. */
const wants = new RegExp(
  [
    'No space left on device|Disk quota exceeded|File too large|OutOfMemoryError|insufficient memory|Cannot allocate memory|Too many open files',
    'Unable to write directory path|Permission denied|AccessDenied|Operation not permitted|Read-only file system|Input/output error',
  ].join('|'),
  'i',
)

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
  if (result.exitCode === null || !hasTried.test(result.text) || wants.test(result.text)) throw failure
  return failure.message
}
