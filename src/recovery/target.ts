import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { isRunning } from '../neo4j/dataDirectory.ts'
import { isDead, ownIdentity } from '../repository/processIdentity.ts'
import { type RestoreJournal, journalPath, readJournal } from './journal.ts'
import { giveTo, type Owner } from './ownership.ts'

/** Files are written here first and moved into place when all are whole, so a half restore never looks like a data directory. */
export const partialName = '.holdfast-partial'

/** What is moved into place when all is whole, in this order: without a store, the directory is plainly unfinished. */
export const movedNames = ['transactions', 'databases']

/** The restore that is to be begun or to go on. */
export interface Wanted {
  backup: string
  repository: string
  resume: boolean
}

/** Where a restore begins: with everything, or where one that broke off stood. */
export type Beginning =
  | { at: 'nothing' }
  /** Some files are there; each is checked and those that are not whole are written again. */
  | { at: 'files'; started?: string }
  /** All files are in place, and were not checked on a Neo4j to the end. */
  | { at: 'checks'; started: string }

/**
 * Finds out whether a restore into this directory destroys nothing: it must be absent or empty,
 * or hold the beginning of the same restore when that is to be resumed. Nothing is changed.
 * @throws HoldfastError `refused` otherwise.
 */
export async function inspectTarget(target: string, wanted: Wanted): Promise<Beginning> {
  const entries = await entriesOf(target)
  if (entries.length === 0) return { at: 'nothing' }
  if (await isRunning(target)) throw notEmpty(target, entries, 'a running Neo4j uses it; restore into another directory')
  const journal = await readJournal(target)
  if (journal) await refuseUnderWay(target, journal)
  if (wanted.resume && (await isUntouched(target, entries))) return { at: 'files' }
  if (!wanted.resume || journal === undefined) throw notEmpty(target, entries, nextStep(journal))
  refuseOtherRestore(target, journal, wanted)
  const { state, started } = journal
  if (state === 'VALIDATION') return { at: 'checks', started }
  const foreign = entries.filter((entry) => ![partialName, ...movedNames].includes(entry))
  if (foreign.length > 0)
    throw notEmpty(target, foreign, 'the unfinished restore did not write that; restore into another directory')
  return { at: 'files', started }
}

/** Makes the directory ready to be written to, as it was found by `inspectTarget`. */
export async function claimTarget(target: string, beginning: Beginning, owner: Owner | undefined): Promise<void> {
  if (beginning.at === 'checks') return
  if (beginning.at === 'files') await takeBack(target)
  else {
    await mkdir(dirname(target), { recursive: true })
    await makePrivate(target, owner)
    await makePartial(target)
  }
}

/** Removes what a restore into this directory has written, and nothing else. */
export async function clearPartial(target: string): Promise<void> {
  await rm(join(target, partialName), { recursive: true, force: true })
}

/** A directory that was there keeps its mode and owner: someone chose them. */
async function makePrivate(target: string, owner: Owner | undefined): Promise<void> {
  try {
    await mkdir(target)
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) return
    throw error
  }
  await chmod(target, 0o750)
  if (owner) await giveTo(target, owner)
}

/** Of two restores that begin at once, one finds the other's. */
async function makePartial(target: string): Promise<void> {
  try {
    await mkdir(join(target, partialName), { mode: 0o700 })
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) throw notEmpty(target, [partialName], 'another restore into it has just begun')
    throw error
  }
}

/** Undoes a moving into place that broke off half-way, so that every file is looked at again. */
async function takeBack(target: string): Promise<void> {
  await mkdir(join(target, partialName), { recursive: true, mode: 0o700 })
  for (const name of await entriesOf(target))
    if (movedNames.includes(name)) await rename(join(target, name), join(target, partialName, name))
}

function refuseOtherRestore(target: string, journal: RestoreJournal, wanted: Wanted): void {
  const { backup, repository, state } = journal
  if (backup !== wanted.backup || repository !== wanted.repository) {
    throw new HoldfastError('refused', `${target} holds a restore of backup ${backup}, expected ${wanted.backup}`, {
      hint: `resume that one, or remove ${target} and ${journalPath(target)}`,
    })
  }
  if (state === 'SUCCESS' || state === 'FAILED') {
    throw new HoldfastError('refused', `the restore of backup ${backup} into ${target} has ended already, with ${state}`, {
      hint: 'nothing is left to resume; to restore it once more, choose another directory',
    })
  }
}

async function refuseUnderWay(target: string, { state, backup, process }: RestoreJournal): Promise<void> {
  if (state === 'SUCCESS' || state === 'FAILED') return
  const own = await ownIdentity()
  const isNear = process.boot !== undefined && process.boot === own.boot && process.pidNamespace === own.pidNamespace
  if (!isNear || process.pid === own.pid || (await isDead(process, own))) return
  throw new HoldfastError('refused', `process ${process.pid} is still restoring backup ${backup} into ${target}`, {
    hint: 'wait until it is done',
  })
}

/** Whether a restore broke off before it wrote anything, its journal included. */
async function isUntouched(target: string, entries: string[]): Promise<boolean> {
  return entries.join() === partialName && (await entriesOf(join(target, partialName))).length === 0
}

function notEmpty(target: string, entries: string[], hint: string): HoldfastError {
  return new HoldfastError('refused', `${target} is not empty: found ${entries.slice(0, 5).join(', ')}`, { hint })
}

function nextStep(journal: RestoreJournal | undefined): string {
  if (journal?.state === 'RECOVERING') return 'it holds an unfinished restore: give --resume to go on with it, or remove it'
  if (journal?.state === 'VALIDATION') return 'it holds a restore that was not checked: give --resume to check it, or remove it'
  return 'restore into a directory that is empty or does not exist'
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
