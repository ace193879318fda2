import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { readFully } from '../core/readFully.ts'
import { largestCheckpointFile, readCheckpointLog } from '../txlog/checkpointLog.ts'
import type { Checkpoint } from '../txlog/checkpointRecord.ts'
import { listCheckpointFiles } from './dataDirectory.ts'

/** The last checkpoint of a database, which is where recovery of a copy starts, with its log up to and including its record. */
export interface LastCheckpoint {
  checkpoint: Checkpoint
  /** Name of the checkpoint file, such as `checkpoint.2`. */
  fileName: string
  bytes: Buffer
  mode: number
  uid: number
  gid: number
}

/**
 * Finds the last checkpoint of a database in its checkpoint log.
 * @throws HoldfastError `neo4j-unavailable` where there is no checkpoint, `integrity` where the only one is damaged.
 */
export async function readLastCheckpoint(logDirectory: string): Promise<LastCheckpoint> {
  const files = await listCheckpointFiles(logDirectory)
  let torn: string | undefined
  for (const { name } of files.toReversed()) {
    const read = await readCheckpointFile(join(logDirectory, name))
    if (read === undefined) continue
    const log = readCheckpointLog(read.bytes, join(logDirectory, name))
    if (log.last !== undefined) {
      return { ...read, checkpoint: log.last, fileName: name, bytes: read.bytes.subarray(0, log.last.end) }
    }
    if (log.torn) torn ??= `${name} at offset ${log.torn.offset}: expected ${log.torn.expected}, found ${log.torn.found}`
  }
  if (torn !== undefined) {
    throw new HoldfastError('integrity', `no whole checkpoint in ${logDirectory}: ${torn}`, {
      hint: 'Neo4j itself would not know where to recover from; restore the last good backup into another directory',
    })
  }
  throw new HoldfastError('neo4j-unavailable', `no checkpoint in ${logDirectory}: found ${files.length} checkpoint files`, {
    hint: 'is this the data directory of a Neo4j 5.13 or later that has been started at least once?',
  })
}

async function readCheckpointFile(path: string): Promise<Pick<LastCheckpoint, 'bytes' | 'mode' | 'uid' | 'gid'> | undefined> {
  try {
    await using handle = await open(path, 'r')
    const { size, mode, uid, gid } = await handle.stat()
    if (size > largestCheckpointFile) {
      throw new HoldfastError('integrity', `${path} is ${size} bytes, expected about 1 MiB and at most 8`, {
        hint: 'Neo4j writes no such file: find out what did, and restore the last good backup into another directory',
      })
    }
    return { bytes: await readFully(handle, 0, size), mode, uid, gid }
  } catch (error) {
    // Neo4j removes old checkpoint files while we look.
    if (hasSystemCode(error, 'ENOENT')) return undefined
    throw error
  }
}
