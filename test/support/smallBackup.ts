import { hash } from 'node:crypto'
import { storeKey } from '../../src/repository/baseBlocks.ts'
import type { BackupWriter } from '../../src/repository/backupWriter.ts'
import type { Manifest, ManifestDatabase } from '../../src/repository/manifest.ts'
import type { Repository } from '../../src/repository/repository.ts'
import type { VerifyResult } from '../../src/repository/verify.ts'

/** Content by path. */
export type Files = Record<string, Buffer>

/** Any other name than that of a file of the database stands for a file of the store. */
const folder = 'databases/test/'
const pathOf = (name: string): string => (/^(databases|transactions)\/neo4j\/./.test(name) ? name : `${folder}${name}`)
const nameOf = (path: string): string => (path.startsWith(folder) ? path.slice(folder.length) : path)

/** Backs up files given as buffers. */
export async function backUp(repository: Repository, files: Files, options: { blockSize?: number } = {}): Promise<Manifest> {
  await using writer = await repository.startBackup({ command: 'test', stores: [storeKey(database)], ...options })
  return await writer.finish(await addFiles(writer, files))
}

/** Adds files to a backup; the result is what `finish` needs. */
export async function addFiles(writer: BackupWriter, files: Files): Promise<Parameters<BackupWriter['finish']>[0]> {
  const entries: ManifestDatabase['files'] = []
  for (const [name, content] of Object.entries(files)) {
    const path = pathOf(name)
    const firstBlock = writer.length
    for (let at = 0; at < content.length; at += writer.blockSize) {
      await writer.add(content.subarray(at, at + writer.blockSize), { path, block: writer.length - firstBlock })
    }
    const blocks = writer.length - firstBlock
    entries.push({ path, size: content.length, mode: 0o600, uid: 0, gid: 0, kind: 'record', firstBlock, blocks })
  }
  return { holdfast: '0.0.0', offline: true, databases: [{ ...database, files: entries }] }
}

/** The files of a backup as they come out of the repository. */
export async function readBack(repository: Repository, manifest: Manifest): Promise<Files> {
  const files: Files = {}
  const table = await repository.readBlockTable(manifest)
  const blocks = repository.readBlocks(table)
  for (const { path, blocks: count } of manifest.databases.flatMap((each) => each.files)) {
    const parts: Buffer[] = []
    for (let block = 0; block < count; block++) parts.push((await blocks.next()).value as Buffer)
    files[nameOf(path)] = Buffer.concat(parts)
  }
  await blocks.return()
  return files
}

/** Which files of which backups have damaged blocks. */
export function damagedFiles({ backups }: VerifyResult): string[] {
  return backups.flatMap(({ id, damagedFiles: files }) => files.map(({ path }) => `${id} ${path}`))
}

/** The length and SHA-256 of each file: quick to compare, and short to read where two differ. */
export function digests(files: Files): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [path, `${content.length} ${hash('sha256', content, 'hex')}`]),
  )
}

const database: Omit<ManifestDatabase, 'files'> = {
  name: 'neo4j',
  storeId: { creationTime: '1790000000000', random: '-6034971234567890123', format: 'record-aligned-1.1' },
  kernelVersion: '5.26',
  logFormat: '9',
  checkpoint: { logVersion: 0, byteOffset: 4096, transactionId: 17, time: '2026-01-01T00:00:00.000Z' },
  lastTransaction: { id: 21, checksum: -123456, commitTime: '2026-01-01T00:00:01.000Z' },
  leftOut: [],
}
