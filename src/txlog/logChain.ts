import { HoldfastError } from '../core/errors.ts'
import type { LogEnd } from './logEnd.ts'
import type { LogFileHeader } from './logFileHeader.ts'
import { describeStoreId, sameStore } from './storeId.ts'
import type { ScannerOptions } from './transactionScanner.ts'

/** How to scan a log file from its first transaction on. */
export interface FileScan extends ScannerOptions {
  header: LogFileHeader
}

/** A log file that has been scanned to its end. */
export interface ScannedFile {
  header: LogFileHeader
  end: LogEnd
}

/**
 * How to scan the log file named `file` so that it continues the file before it: same store, next log version, next transaction.
 * The scan itself then checks the checksum that its first transaction names.
 * @throws {HoldfastError} `integrity` when it does not continue it.
 */
export function continueLog(before: ScannedFile, header: LogFileHeader, file: string): FileScan {
  const { id, previousChecksum } = before.end.next
  if (!sameStore(before.header.storeId, header.storeId)) {
    throw broken(file, `store ${describeStoreId(before.header.storeId)}`, `store ${describeStoreId(header.storeId)}`)
  }
  if (header.logVersion !== before.header.logVersion + 1) {
    throw broken(file, `log version ${before.header.logVersion + 1}`, `log version ${header.logVersion}`)
  }
  if (header.lastIdBefore !== id - 1) {
    throw broken(file, `transaction ${id - 1} as the last one before it`, `transaction ${header.lastIdBefore}`)
  }
  return { header, expectedId: id, previousChecksum }
}

function broken(file: string, expected: string, found: string): HoldfastError {
  return new HoldfastError(
    'integrity',
    `${file} does not continue the log file before it: expected ${expected}, found ${found}`,
    {
      hint: 'Transactions between the two files are missing, or the files come from different databases. Take a new base backup.',
    },
  )
}
