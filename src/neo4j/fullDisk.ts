import { statfs } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { readServerLog, readTail } from './serverLog.ts'

/** Milliseconds between two looks. */
const pause = 500

/** How many looks in a row find a volume full before that is believed: a server may make room again. */
const looks = 4

/** Bytes that a server cannot do without: less than that is a full volume. */
const least = 64 * 1024

const words = /No space left on device|Disk quota exceeded|ENOSPC/i

/** Where a server writes. */
interface ServerFolders {
  home: string
  dataDir: string
}

/**
 * Looks until a server's logs tell of a full disk, or a volume it writes to stays full: such a server neither starts nor ends, it only
 * tries again.
 * @returns what was found.
 * @throws the signal's reason when it is aborted.
 */
export async function untilDiskFull({ home, dataDir }: ServerFolders, signal: AbortSignal): Promise<string> {
  for (let full = 0; ;) {
    const line = await spaceComplaint(home)
    if (line !== undefined) return line
    const found = await fullVolume({ home, dataDir })
    full = found === undefined ? 0 : full + 1
    if (found !== undefined && full >= looks) return found
    await delay(pause, undefined, { signal })
  }
}

/** What to say where a volume that a server writes to is full now; undefined where none is. */
export async function fullVolume({ home, dataDir }: ServerFolders): Promise<string | undefined> {
  const isAny = (await isFull(home)) || (await isFull(dataDir))
  return isAny ? 'nothing is free on the volume that it writes to' : undefined
}

/** The line in which a server says that it had no room, such as for a checkpoint; undefined where it does not. */
export async function spaceComplaint(home: string): Promise<string | undefined> {
  const text = `${await readServerLog(home)}\n${await readTail(home, 'debug.log')}`
  return text
    .split('\n')
    .find((line) => words.test(line))
    ?.trim()
    .slice(0, 300)
}

/** The error for a server that cannot work for want of room. */
export function noRoom(version: string, { home, dataDir }: ServerFolders, found: string): HoldfastError {
  return new HoldfastError('failed', `no space left for Neo4j ${version} in ${dataDir} or ${home}: ${found}`, {
    hint: 'make room on that volume: recovery writes checkpoints, indexes and logs there; then go on, a restore with --resume',
  })
}

/** A folder that the server has not made yet tells nothing. */
async function isFull(path: string): Promise<boolean> {
  try {
    const { bavail, bsize, blocks } = await statfs(path)
    return blocks > 0 && bavail * bsize < least
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return false
    throw error
  }
}
