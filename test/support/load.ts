import { type AdminPlace, runAdmin } from '../../src/neo4j/adminTool.ts'
import type { Installation } from '../../src/neo4j/installation.ts'

/** Loads `<database>.dump` of a folder as that database of a stopped server. */
export async function load(
  installation: Installation,
  place: AdminPlace,
  database: string,
  folder: string,
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<void> {
  const flags = overwrite ? ['--overwrite-destination=true'] : []
  await runAdmin(installation, place, ['database', 'load', `--from-path=${folder}`, ...flags, database])
}
