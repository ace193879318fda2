import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fixture } from './txlogFixtures.ts'

/** Makes a data directory in `folder` whose database neo4j has these log files, the first of them `neostore.transaction.db.0`. */
export async function dataDirectoryOf(folder: string, files: readonly Uint8Array[]): Promise<string> {
  for (const database of ['neo4j', 'system']) {
    await mkdir(join(folder, 'databases', database), { recursive: true })
    await mkdir(join(folder, 'transactions', database), { recursive: true })
  }
  for (const [version, bytes] of files.entries()) await writeFile(logFile(folder, version), bytes)
  return folder
}

/** The path of a log file of the database neo4j in a data directory. */
export function logFile(dataDir: string, version: number): string {
  return join(dataDir, 'transactions', 'neo4j', `neostore.transaction.db.${version}`)
}

/** The first log files of a real server. */
export function realLog(set: '5.13.0' | '5.26.30' | '2026.09.0', count = 3): Buffer[] {
  return Array.from({ length: count }, (_, version) => fixture(`${set}/neo4j/neostore.transaction.db.${version}`))
}
