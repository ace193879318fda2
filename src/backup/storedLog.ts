import { allBytes, firstBytes } from '../core/allBytes.ts'
import { HoldfastError } from '../core/errors.ts'
import { skipBytes } from '../core/skipBytes.ts'
import type { BlockTable } from '../repository/blockTable.ts'
import type { ManifestDatabase, ManifestFile } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { type Checkpoint } from '../txlog/checkpointRecord.ts'
import { largestCheckpointFile, readCheckpointLog } from '../txlog/checkpointLog.ts'
import { logHeaderLength, readLogFileHeader } from '../txlog/logFileHeader.ts'
import { LogContinuity } from '../txlog/logContinuity.ts'
import { scanLog } from '../txlog/logScan.ts'

/**
 * Reads the log of a database in a backup and verifies every transaction, and that they reach from the checkpoint to where the manifest says.
 * @returns the number of transactions.
 * @throws HoldfastError `integrity` where the log does not hold what the manifest promises.
 */
export async function countTransactions(
  repository: Repository,
  table: BlockTable,
  database: ManifestDatabase,
  signal: AbortSignal,
): Promise<number> {
  const read = (file: ManifestFile): AsyncIterable<Buffer> =>
    repository.readBlocks(table, { first: file.firstBlock, count: file.blocks }, { signal })
  const continuity = new LogContinuity(await readCheckpoint(database, read))
  let transactions = 0
  const logs = database.files.filter(({ kind }) => kind === 'log')
  for (const file of logs) {
    const header = readLogFileHeader(await firstBytes(read(file), logHeaderLength), file.path)
    if (header === undefined) throw new HoldfastError('integrity', `${file.path} in the backup has no header`)
    const scan = continuity.begin(header, file.path)
    const end = await scanLog(skipBytes(read(file), logHeaderLength), scan, (transaction) => {
      transactions += 1
      continuity.add(transaction)
    })
    continuity.end(header, end)
    if (end.reason !== 'exact' || end.end !== file.size) {
      throw new HoldfastError(
        'integrity',
        `${file.path} in the backup: expected whole transactions up to offset ${file.size}, found them up to ${end.end}`,
      )
    }
  }
  continuity.finish(database.name)
  requireLast(database, continuity)
  return transactions
}

function requireLast({ name, lastTransaction: promised, checkpoint }: ManifestDatabase, { last }: LogContinuity): void {
  // A log without transactions ends where the checkpoint is.
  const found = last
    ? `${last.id} with checksum ${last.checksum}`
    : `${checkpoint.transactionId} with checksum ${promised.checksum}`
  const expected = `${promised.id} with checksum ${promised.checksum}`
  if (found === expected) return
  throw new HoldfastError(
    'integrity',
    `the log of ${name} in the backup ends with transaction ${found}, the manifest says ${expected}`,
  )
}

async function readCheckpoint(
  database: ManifestDatabase,
  read: (file: ManifestFile) => AsyncIterable<Buffer>,
): Promise<Checkpoint> {
  const file = database.files.find(({ kind }) => kind === 'checkpoint')
  if (file && file.size > largestCheckpointFile) {
    throw new HoldfastError(
      'integrity',
      `${file.path} in the backup is ${file.size} bytes, expected at most ${largestCheckpointFile}`,
    )
  }
  const bytes = file ? await allBytes(read(file)) : Buffer.alloc(0)
  const last = readCheckpointLog(bytes, file?.path ?? 'checkpoint log').last
  if (!last) throw new HoldfastError('integrity', `the backup holds no checkpoint of ${database.name}`)
  return last
}
