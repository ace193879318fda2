import { open } from 'node:fs/promises'
import { hasSystemCode } from '../core/errors.ts'
import { readFully } from '../core/readFully.ts'
import { type LogFileHeader, logHeaderLength, readLogFileHeader } from '../txlog/logFileHeader.ts'

/** The header of a log file; undefined where Neo4j has pruned the file, or not written the header yet. */
export async function readHeaderIfThere(path: string): Promise<LogFileHeader | undefined> {
  try {
    await using file = await open(path, 'r')
    return readLogFileHeader(await readFully(file, 0, logHeaderLength), path)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined
    throw error
  }
}
