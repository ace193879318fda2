import { firstBytes } from '../core/allBytes.ts'
import { skipBytes } from '../core/skipBytes.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { logHeaderLength, readLogFileHeader } from '../txlog/logFileHeader.ts'
import { scanLog } from '../txlog/logScan.ts'

/** Where to read, and until when. */
interface Reading {
  repository: Repository
  signal: AbortSignal
}

/**
 * The checksum of a transaction as the log in a backup has it; undefined where that log, which begins at the checkpoint, does not reach back to it.
 * @throws HoldfastError `integrity` where the backup is damaged.
 */
export async function checksumInBackup(
  { repository, signal }: Reading,
  manifest: Manifest,
  { firstTransaction, files }: ManifestDatabase,
  id: number,
): Promise<number | undefined> {
  // The next transaction may name its checksum.
  if (firstTransaction && id + 1 < firstTransaction.id) return undefined
  const table = await repository.readBlockTable(manifest, { signal })
  for (const { path, firstBlock, blocks } of files.filter(({ kind }) => kind === 'log').toReversed()) {
    const read = (): AsyncIterable<Buffer> => repository.readBlocks(table, { first: firstBlock, count: blocks }, { signal })
    const header = readLogFileHeader(await firstBytes(read(), logHeaderLength), path)
    if (!header || header.lastIdBefore > id) continue
    let checksum: number | undefined
    await scanLog(skipBytes(read(), logHeaderLength), { header }, (transaction) => {
      if (transaction.id === id) checksum = transaction.checksum
      if (transaction.id === id + 1) checksum ??= transaction.previousChecksum
    })
    if (checksum !== undefined) return checksum
  }
  return undefined
}
