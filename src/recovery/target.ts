import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { isRunning } from '../neo4j/dataDirectory.ts'
import { type RestoreJournal, journalPath, readJournal } from './journal.ts'

/** Files are written here first and moved into place when all are whole, so a half restore never looks like a data directory. */
export const partialName = '.holdfast-partial'

/** What is moved into place when all is whole, in this order: without a store, the directory is plainly unfinished. */
export const movedNames = ['transactions', 'databases']

/** What the restore that may go on must be of. */
interface Wanted {
  backup: string
  repository: string
  resume: boolean
}

/**
 * Makes sure that a restore into this directory destroys nothing: it must be absent or empty,
 * or hold the beginning of the same restore when that is to be resumed.
 * @returns the journal of the restore to go on with, if there is one.
 * @throws HoldfastError `refused` otherwise.
 */
export async function claimTarget(target: string, wanted: Wanted): Promise<RestoreJournal | undefined> {
  const entries = await entriesOf(target)
  const journal = await readJournal(target)
  if (wanted.resume && journal !== undefined) {
    refuseOtherRestore(target, journal, wanted)
    const ours = [partialName, ...movedNames]
    if (journal.state === 'RECOVERING' && entries.every((entry) => ours.includes(entry)) && !(await isRunning(target))) {
      await takeBack(target, entries)
      return journal
    }
  }
  if (entries.length > 0) {
    const running = await isRunning(target)
    throw new HoldfastError('refused', `${target} is not empty: found ${entries.slice(0, 5).join(', ')}`, {
      hint: running
        ? 'a running Neo4j uses it; restore into another directory'
        : entries.includes(partialName)
          ? 'it holds an unfinished restore: give --resume to go on with it, or remove it'
          : 'restore into a directory that is empty or does not exist',
    })
  }
  await mkdir(target, { recursive: true })
  return undefined
}

function refuseOtherRestore(target: string, journal: RestoreJournal, wanted: Wanted): void {
  if (journal.backup === wanted.backup && journal.repository === wanted.repository) return
  throw new HoldfastError(
    'refused',
    `${target} holds an unfinished restore of backup ${journal.backup}, expected ${wanted.backup}`,
    { hint: `resume that one, or remove ${target} and ${journalPath(target)}` },
  )
}

/** Undoes a moving into place that broke off half-way. */
async function takeBack(target: string, entries: string[]): Promise<void> {
  if (!entries.includes(partialName)) return
  for (const name of movedNames) {
    if (entries.includes(name)) await rename(join(target, name), join(target, partialName, name))
  }
}

/** Removes what a restore into this directory has written, and nothing else. */
export async function clearPartial(target: string): Promise<void> {
  await rm(join(target, partialName), { recursive: true, force: true })
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((entry) => entry !== 'lost+found')
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return []
    if (hasSystemCode(error, 'ENOTDIR')) throw new HoldfastError('usage', `${directory} is a file, expected a directory`)
    throw error
  }
}
