import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../core/errors.ts'
import { fileBytes } from '../core/fileBytes.ts'
import { readFully } from '../core/readFully.ts'
import { listLogFiles, logDirectory, logFileName } from '../neo4j/dataDirectory.ts'
import { HeldLogFiles, LogChangedError } from '../neo4j/heldLogFiles.ts'
import { continueLog, type ScannedFile } from '../txlog/logChain.ts'
import type { LogEnd } from '../txlog/logEnd.ts'
import { type LogFileHeader, logHeaderLength, readLogFileHeader } from '../txlog/logFileHeader.ts'
import { behind, requireLogEnd } from '../txlog/logScan.ts'
import { type TransactionBytes, transactionsIn } from '../txlog/transactionBytes.ts'
import type { ScannerOptions } from '../txlog/transactionScanner.ts'
import type { LoggedTransaction, LogSource } from './logSource.ts'
import { storeTokens } from './storeTokens.ts'

/** How often the log is listed anew when Neo4j prunes it at that moment. */
const tries = 5

/** The log of a database as it lies in a data directory, of a server that runs or not; only reads. */
export function liveLog(place: { dataDir: string; database: string }, signal: AbortSignal): LogSource {
  const directory = logDirectory(place.dataDir, place.database)
  return {
    name: `log of ${place.database}`,
    tokens: async () => storeTokens(place.dataDir, place.database),
    stretchTo: () => 0,
    transactions: (from) => readLog(directory, from, signal),
  }
}

interface OpenFile {
  path: string
  handle: FileHandle
  header: LogFileHeader
}

async function* readLog(directory: string, from: number, signal: AbortSignal): AsyncGenerator<LoggedTransaction> {
  await using held = await holdAll(directory)
  const files = needed(await opened(await held.files(), directory), from)
  let before: ScannedFile | undefined
  for (const [index, file] of files.entries()) {
    const newest = index === files.length - 1
    const { path, header } = file
    const scan = before ? continueLog(before, header, path) : { header }
    const reading = readFile(file, scan, { newest, signal })
    let end: LogEnd
    for (;;) {
      const next = await reading.next()
      if (next.done) {
        end = next.value
        break
      }
      const { transaction, bytes } = next.value
      yield { transaction, bytes, logVersion: header.logVersion }
    }
    before = { header, end }
  }
}

/** All log files, kept open so that pruning does not take them away. */
async function holdAll(directory: string): Promise<HeldLogFiles> {
  for (let attempt = 1; ; attempt++) {
    const [oldest] = await listLogFiles(directory)
    if (oldest === undefined) {
      throw new HoldfastError('neo4j-unavailable', `no transaction log in ${directory}`, {
        hint: 'start Neo4j once on this data directory; or its log was moved elsewhere',
      })
    }
    const held = await HeldLogFiles.open(directory, oldest.version)
    try {
      await held.files()
      return held
    } catch (error) {
      await held[Symbol.asyncDispose]()
      // Pruned between listing and opening: the next one is the oldest now.
      if (!(error instanceof LogChangedError) || attempt === tries) throw error
    }
  }
}

async function opened(held: readonly { version: number; handle: FileHandle }[], directory: string): Promise<OpenFile[]> {
  const files: OpenFile[] = []
  for (const [index, { version, handle }] of held.entries()) {
    const path = join(directory, logFileName(version))
    const header = readLogFileHeader(await readFully(handle, 0, logHeaderLength), path)
    if (header) files.push({ path, handle, header })
    // Neo4j has only just made the newest one.
    else if (index < held.length - 1) {
      throw new HoldfastError('integrity', `${path} has no header`, {
        hint: 'Neo4j will not start on this log either; what is before that file can be read from a copy without the files from there on',
      })
    }
  }
  return files
}

/** The files from the one on that holds the transaction `from`. */
function needed(files: readonly OpenFile[], from: number): OpenFile[] {
  const later = files.findLastIndex(({ header }) => header.lastIdBefore < from)
  return files.slice(Math.max(0, later))
}

/** @returns where the whole transactions of the file end */
async function* readFile(
  { path, handle }: OpenFile,
  scan: ScannerOptions,
  { newest, signal }: { newest: boolean; signal: AbortSignal },
): AsyncGenerator<TransactionBytes, LogEnd> {
  const read = (start: number) => abortable(fileBytes(handle, { start }), signal)
  const scanOn = (from: LogEnd) => transactionsIn(read(from.end), behind(from))
  const end = yield* transactionsIn(read(logHeaderLength), { ...scan, position: logHeaderLength })
  const wait = async (milliseconds: number): Promise<void> => delay(milliseconds, undefined, { signal })
  return yield* requireLogEnd(path, end, { newest, rest: (from) => read(from.end), scan: scanOn, wait })
}

async function* abortable(chunks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    signal.throwIfAborted()
    yield chunk
  }
}
