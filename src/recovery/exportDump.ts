import { join } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import { dump } from '../neo4j/admin.ts'
import type { Installation } from '../neo4j/installation.ts'
import { noRoom, spaceComplaint } from '../neo4j/fullDisk.ts'
import { startNeo4j } from '../neo4j/instance.ts'
import type { Manifest } from '../repository/manifest.ts'
import { scratchSizing } from '../neo4j/scratchSizing.ts'
import { startedDatabase } from './startedDatabase.ts'
import { checkLastTransaction } from './validateRestored.ts'

interface DumpOptions {
  /** The materialised backup. */
  dataDir: string
  /** The scratch server's own folder. */
  home: string
  /** A folder for the dump. */
  folder: string
  manifest: Manifest
  database: string
  progress: ProgressListener
  signal: AbortSignal
}

/**
 * Has a scratch Neo4j recover a materialised backup, and dumps one database of it once the server is stopped.
 * @returns the path of `<database>.dump`.
 * @throws HoldfastError `validation` where the database does not end with the backup's last transaction.
 */
export async function dumpRecovered(installation: Installation, options: DumpOptions): Promise<string> {
  const { dataDir, home, folder, manifest, database, progress, signal } = options
  await recover(installation, options)
  const recorded = manifest.databases.find(({ name }) => name === database)!
  // Asked of the files that are dumped, after the stop: so nothing the scratch server itself may have written gets into the dump.
  const { passed, detail } = await checkLastTransaction(dataDir, recorded)
  if (!passed) {
    throw new HoldfastError('validation', `last transaction of ${database} in backup ${manifest.id}: ${detail}`, {
      hint: manifest.server
        ? 'nothing was exported; see whether `holdfast backup validate` finds damage'
        : 'nothing was exported; the backup does not say which Neo4j it is of: name its version with --neo4j-version',
    })
  }
  progress({ phase: `neo4j-admin database dump ${database}` })
  return dump(installation, { home: join(home, 'admin'), dataDir, signal }, database, folder)
}

async function recover(installation: Installation, { dataDir, home, progress, signal, ...rest }: DumpOptions): Promise<void> {
  const settings = { 'initial.dbms.default_database': startedDatabase(rest.manifest, rest.database) }
  const sizing = scratchSizing(rest.manifest.totals.size)
  await using server = await startNeo4j({ installation, home, dataDir, settings, ...sizing, signal, onProgress: progress })
  progress({ phase: 'stop the scratch Neo4j' })
  const stopped = await server.stop()
  const complaint = await spaceComplaint(home)
  if (complaint !== undefined) throw noRoom(server.version, { home, dataDir }, complaint)
  if (!stopped) {
    throw new HoldfastError('failed', `the scratch Neo4j ${server.version} did not stop by itself`, { hint: 'run it again' })
  }
}
