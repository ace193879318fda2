import { lstat, readdir, rm } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { fileInTheWay } from '../core/fileInTheWay.ts'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { liesIn } from '../core/nestedPaths.ts'
import { isRunning } from '../neo4j/dataDirectory.ts'
import { isDead, ownIdentity } from '../core/processIdentity.ts'
import { type RestoreJournal, journalPath, readJournal } from './journal.ts'
import type { HandOver } from './ownership.ts'

/** Files are written here first and moved into place when all are whole, so a half restore never looks like a data directory. */
export const partialName = '.holdfast-partial'

/** What is moved into place when all is whole, in this order: without a store, the directory is plainly unfinished. */
export const movedNames = ['transactions', 'databases']

/** What a Neo4j makes beside them when it is started. */
export const serverNames = ['server_id', 'dbms']

/** The restore that is to be begun or to go on. */
export interface Wanted {
  backup: string
  repository: string
  /** Where the repository is. */
  location: string
  ends?: RestoreJournal['ends']
  resume: boolean
}

/** Where a restore begins: with everything, or where one that broke off stood. */
export type Beginning =
  | { at: 'nothing' }
  /** Some files are there; each is checked and those that are not whole are written again. */
  | { at: 'files'; started?: string; handOver?: HandOver | undefined; served?: boolean }
  /** All files are in place, and no scratch Neo4j was started on them. */
  | { at: 'checks'; started: string; handOver?: HandOver | undefined }
  /** The same restore has ended with `SUCCESS`. */
  | { at: 'end' }

/** A restore that something is left of to do. */
export type Begun = Exclude<Beginning, { at: 'end' }>

/**
 * Finds out whether a restore into this directory destroys nothing: it must be absent or empty,
 * or hold the beginning of the same restore when that is to be resumed. Nothing is changed.
 * @throws HoldfastError `refused` otherwise.
 */
export async function inspectTarget(target: string, wanted: Wanted): Promise<Beginning> {
  await requireApart(target, wanted.location)
  const entries = await entriesOf(target)
  if (entries.length === 0) return { at: 'nothing' }
  const journal = await readJournal(target)
  if (wanted.resume && journal?.state === 'SUCCESS') {
    refuseOtherRestore(target, journal, wanted)
    return { at: 'end' }
  }
  // First, for a Neo4j that runs there may be the one that this restore checks it with.
  if (journal) await refuseUnderWay(target, journal)
  if (await isRunning(target)) throw notEmpty(target, entries, 'a running Neo4j uses it; restore into another directory')
  // Without a journal, it broke off before its first word, or an operator knows that it is gone.
  if (wanted.resume && journal === undefined && entries.join() === partialName) return { at: 'files' }
  if (!wanted.resume || journal === undefined) throw notEmpty(target, entries, nextStep(journal))
  refuseOtherRestore(target, journal, wanted)
  const { state, started, handOver, served = false } = journal
  if (state === 'VALIDATION' && !served) return { at: 'checks', started, handOver }
  const ours = [partialName, ...movedNames, ...(served ? serverNames : [])]
  const foreign = entries.filter((entry) => !ours.includes(entry))
  if (foreign.length > 0)
    throw notEmpty(target, foreign, 'the unfinished restore did not write that; restore into another directory')
  return { at: 'files', started, handOver, served }
}

/** The journal of the restore that a directory holds, whole or not; undefined where it holds none. */
export async function begunIn(target: string): Promise<RestoreJournal | undefined> {
  return (await entriesOf(target)).length === 0 ? undefined : readJournal(target)
}

/** What is written into a data directory or a repository is taken for a part of it. */
async function requireApart(target: string, repository: string): Promise<void> {
  const lies = (place: string): HoldfastError =>
    new HoldfastError('refused', `${target} lies in ${place}`, { hint: 'restore into a directory outside of it' })
  if (isAbsolute(repository) && (await liesIn(target, repository))) throw lies(`the repository ${repository}`)
  for (let path = dirname(target); ; path = dirname(path)) {
    const names: string[] = await readdir(path).catch(() => [])
    if (names.includes('databases') && names.includes('transactions')) throw lies(`the data directory ${path}`)
    if (path === dirname(path)) return
  }
}

/** Removes what a restore into this directory has written, and nothing else. */
export async function clearPartial(target: string): Promise<void> {
  await rm(join(target, partialName), { recursive: true, force: true })
}

function refuseOtherRestore(target: string, journal: RestoreJournal, wanted: Wanted): void {
  const { backup, repository, state, ends = {} } = journal
  const begun = `backup ${backup} ${upTo(ends)}`
  if (state === 'FAILED') {
    throw new HoldfastError('refused', `the restore of ${begun} into ${target} has ended already, with ${state}`, {
      hint: 'nothing is left to resume; to restore it once more, choose another directory',
    })
  }
  const otherwise = `remove ${target} and ${journalPath(target)}, or restore into another directory`
  if (repository !== wanted.repository) {
    throw new HoldfastError('refused', `${target} holds a restore of ${begun} from another repository than ${wanted.location}`, {
      hint: `to go on with it give the repository that it was begun with; otherwise ${otherwise}`,
    })
  }
  if (backup === wanted.backup && isDeepStrictEqual(ends, wanted.ends ?? {})) return
  const expected = `backup ${wanted.backup} ${upTo(wanted.ends)}`
  const other = expected === begun ? `that of another lineage` : expected
  throw new HoldfastError('refused', `${target} holds a restore of ${begun}, expected ${other}`, {
    hint: `to go on with it give --resume without a point, --id or --lineage; otherwise ${otherwise}`,
  })
}

/** Where a restore ends, such as `up to transaction 48213 of neo4j and 97 of system`. */
function upTo(ends: RestoreJournal['ends'] = {}): string {
  const each = Object.entries(ends).map(([database, { id }]) => `${id} of ${database}`)
  return each.length === 0 ? 'as it is' : `up to transaction ${each.join(' and ')}`
}

async function refuseUnderWay(target: string, { state, backup, process, ended }: RestoreJournal): Promise<void> {
  if (state === 'SUCCESS' || state === 'FAILED' || ended) return
  const own = await ownIdentity()
  if (isDeepStrictEqual({ ...own, ...process }, own) || (await isDead(process, own))) return
  const where = `process ${process.pid} on ${process.host}`
  throw new HoldfastError('refused', `${where} may still be restoring backup ${backup} into ${target}`, {
    hint: `wait until it is done; if it is certainly gone, remove ${journalPath(target)} and give --resume with the point it was begun for`,
  })
}

function notEmpty(target: string, entries: string[], hint: string): HoldfastError {
  return new HoldfastError('refused', `${target} is not empty: found ${entries.slice(0, 5).join(', ')}`, { hint })
}

function nextStep(journal: RestoreJournal | undefined): string {
  if (journal?.state === 'RECOVERING') return 'it holds an unfinished restore: give --resume to go on with it, or remove it'
  if (journal?.state === 'VALIDATION') return 'it holds a restore that was not checked: give --resume to check it, or remove it'
  return 'restore into a directory that is empty or does not exist'
}

const hint = 'give --to-dir a directory that is empty or does not exist'

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((entry) => entry !== 'lost+found')
  } catch (error) {
    if (hasSystemCode(error, 'ENOTDIR')) {
      throw new HoldfastError('usage', `${(await fileInTheWay(directory)) ?? directory} is a file, expected a directory`, {
        hint,
      })
    }
    if (!hasSystemCode(error, 'ENOENT')) throw error
    const isLink = await lstat(directory).then(
      () => true,
      () => false,
    )
    if (!isLink) return []
    throw new HoldfastError('usage', `${directory} is a symbolic link that leads to nothing`, { hint })
  }
}
