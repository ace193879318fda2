import { join, resolve } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { compactTime } from '../core/ids.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'

/** What an export can be: what `neo4j-admin database dump` writes, as it is or gzipped. */
export const exportFormats = ['dump', 'backup.gz'] as const

export type ExportFormat = (typeof exportFormats)[number]

/** One database of a backup as one file that plain Neo4j loads; the paths are absolute. */
export interface ExportPlan {
  backup: string
  database: string
  format: ExportFormat
  /** The file to make: `<database>-<time>.<format>`, the time being that of the last transaction in UTC. */
  artifact: string
  /** The file about it: `<artifact>.meta`. */
  metaFile: string
  /** Bytes of the restored files that lie beside the artifact while it is made. */
  scratchSize: number
  /** The last transaction it holds. */
  transaction: ManifestDatabase['lastTransaction']
  /** The command line that loads the artifact into a stopped Neo4j. */
  load: string
}

/**
 * Plans the export of a database into a directory.
 * @throws HoldfastError `usage` where the backup has no such database.
 */
export function planExport(
  { id, databases, totals }: Manifest,
  { database, format, directory }: { database: string; format: ExportFormat; directory: string },
): ExportPlan {
  const found = databases.find(({ name }) => name === database)
  if (found === undefined) {
    const names = databases.map(({ name }) => name).join(', ')
    throw new HoldfastError('usage', `no database '${database}' in backup ${id}: found ${names}`, {
      hint: 'name one of them with --database',
    })
  }
  const transaction = found.lastTransaction
  const artifact = join(resolve(directory), `${database}-${compactTime(new Date(transaction.commitTime))}.${format}`)
  return {
    backup: id,
    database,
    format,
    artifact,
    metaFile: `${artifact}.meta`,
    scratchSize: totals.size,
    transaction,
    load: loadCommand(artifact, database, format),
  }
}

/** From standard input, for `--from-path` wants the file to be called `<database>.dump`. */
function loadCommand(artifact: string, database: string, format: ExportFormat): string {
  const load = `neo4j-admin database load --from-stdin ${shellWord(database)}`
  return format === 'dump' ? `${load} < ${shellWord(artifact)}` : `gunzip -c ${shellWord(artifact)} | ${load}`
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
