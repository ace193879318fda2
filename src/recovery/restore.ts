import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { Manifest } from '../repository/manifest.ts'
import { ownIdentity } from '../core/processIdentity.ts'
import type { Repository } from '../repository/repository.ts'
import type { Check } from './checks.ts'
import { claimTarget, enterTarget } from './claimTarget.ts'
import { type RestoreJournal, writeJournal } from './journal.ts'
import { materialise, type Materialised, verifyInPlace } from './materialise.ts'
import { handOverAll, ownerOf } from './ownership.ts'
import { makePrivateFolder } from './privateFolder.ts'
import { endsOf, type Replay } from './replay.ts'
import { requireRoom } from './room.ts'
import type { Staging } from './staging.ts'
import { type Begun, inspectTarget } from './target.ts'
import { targetFailure } from './targetFailure.ts'
import { validateRestored } from './validateRestored.ts'

export interface RestoreOptions {
  /** A directory that does not exist or is empty; it becomes a Neo4j data directory. */
  target: string
  /** Archived log to restore behind the backup; without it the backup is restored as it is. */
  replays?: readonly Replay[] | undefined
  /** Go on with a restore of the same backup to the same point that broke off. */
  resume?: boolean
  /** How to run the scratch Neo4j that the restored data is checked on; without it nothing is checked. */
  staging?: Staging | undefined
  clock: Clock
  progress: ProgressListener
  signal: AbortSignal
}

/** What a restore did and found; sizes in bytes, durations in milliseconds. */
export interface RestoreReport {
  backup: string
  directory: string
  state: RestoreJournal['state']
  /** `unchecked` where no scratch Neo4j was asked for: the bytes are those of the backup, nothing more is known. */
  verdict: 'good' | 'bad' | 'unchecked'
  files: Materialised
  checks: Check[]
  durations: { materialise: number; validate: number }
  /** `recorded` where the repository now tells that the backup was proven, otherwise why not, as where it may only be read. */
  proof: string | null
}

/**
 * Restores a backup into a directory of its own and checks it there: `RECOVERING` while its files are written, `VALIDATION` while
 * a scratch Neo4j of the same version recovers and is questioned, then `SUCCESS` or `FAILED`. Production is never touched.
 * @throws HoldfastError `refused` for a directory that is not empty, `integrity` for a damaged backup, `failed` for a full disk.
 */
export async function restore(repository: Repository, manifest: Manifest, options: RestoreOptions): Promise<RestoreReport> {
  const target = resolve(options.target)
  try {
    return await restoreInto(target, repository, manifest, options)
  } catch (error) {
    throw targetFailure(error, target)
  }
}

async function restoreInto(
  target: string,
  repository: Repository,
  manifest: Manifest,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { clock, progress, signal, staging, replays = [], resume = false } = options
  const ends = endsOf(replays)
  const found = await inspectTarget(target, {
    backup: manifest.id,
    repository: repository.id,
    location: repository.location,
    ends,
    resume,
  })
  if (found.at === 'end') return hasEnded(target, manifest)
  await requireRoom(repository, manifest, { target, replays, signal })
  // What is in place may be in use by now: nothing is done to it before it is known to be as it was.
  const verified = found.at === 'checks' && (await verifyInPlace(repository, manifest, target, { replays, progress, signal }))
  const isWhole = verified && Object.keys(ends).length === 0
  const beginning: Begun = found.at === 'checks' && !isWhole ? { ...found, at: 'files' } : found
  const begun = clock.monotonic()
  const handOver = await claimTarget(target, beginning, ownerOf(manifest))
  let journal: RestoreJournal = {
    holdfast: 'restore',
    format: 1,
    state: beginning.at === 'checks' ? 'VALIDATION' : 'RECOVERING',
    backup: manifest.id,
    repository: repository.id,
    ends,
    process: await ownIdentity(),
    ended: false,
    handOver,
    served: 'served' in beginning && beginning.served,
    started: ('started' in beginning && beginning.started) || clock.now().toISOString(),
    updated: '',
  }
  const note = async (change: Partial<RestoreJournal>): Promise<void> => {
    journal = { ...journal, ...change, updated: clock.now().toISOString() }
    await writeJournal(target, journal)
  }

  await note({})
  try {
    if (journal.served) progress({ phase: 'write again what a scratch Neo4j has changed' })
    await enterTarget(target, beginning)
    const files = isWhole ? verified : await materialise(repository, manifest, target, { replays, progress, signal })
    const materialised = clock.monotonic()
    await note({ state: 'VALIDATION', served: false })

    const served = async (): Promise<void> => note({ served: true })
    const expected = expectedOf(manifest, replays)
    const checks = staging ? await validate(staging, target, expected, options, served) : []
    await handOverAll(target, manifest, handOver)
    const verdict = staging === undefined ? 'unchecked' : checks.every((check) => check.passed) ? 'good' : 'bad'
    const state = verdict === 'bad' ? 'FAILED' : verdict === 'good' ? 'SUCCESS' : 'VALIDATION'
    await note({ state, ended: true })
    const durations = { materialise: Math.round(materialised - begun), validate: Math.round(clock.monotonic() - materialised) }
    const proof = verdict === 'good' ? await recordProof(repository, expected, checks.length, clock.now()) : null
    return { backup: manifest.id, directory: target, state, verdict, files, checks, durations, proof }
  } catch (error) {
    // What went wrong is more telling than that it could not be noted.
    await note({ ended: true }).catch(() => {})
    throw signal.aborted ? resumable(target, signal.reason, error) : error
  }
}

/** Says of an interruption how to go on. */
function resumable(target: string, reason: unknown, error: unknown): unknown {
  if (!(reason instanceof HoldfastError)) return error
  const hint = `go on with \`holdfast restore start --resume --to-dir ${target}\``
  return new HoldfastError(reason.code, reason.message, { hint, cause: error })
}

/** A restore that is to go on and has ended well already: there is nothing to do. */
function hasEnded(directory: string, { id, totals, databases }: Manifest): RestoreReport {
  const files = databases.reduce((sum, database) => sum + database.files.length, 0)
  return {
    backup: id,
    directory,
    state: 'SUCCESS',
    verdict: 'good',
    files: { files, size: totals.size, resumed: totals.size },
    checks: [],
    durations: { materialise: 0, validate: 0 },
    proof: null,
  }
}

/** The scratch server's own folder lies beside the target, and is kept where something is wrong, for its logs. */
async function validate(
  staging: Staging,
  target: string,
  manifest: Manifest,
  { progress, signal }: RestoreOptions,
  served: () => Promise<void>,
): Promise<Check[]> {
  const home = `${target}.holdfast-scratch`
  await makePrivateFolder(home)
  const noted: Staging = async (wanted) => {
    const installation = await staging(wanted)
    await served()
    return installation
  }
  const checks = await validateRestored(noted, { dataDir: target, home, manifest, progress, signal })
  if (checks.every((check) => check.passed)) await rm(home, { recursive: true, force: true })
  return checks
}

/** What the restored databases must be: with log behind the backup, what the server said when it was made holds no more. */
function expectedOf(manifest: Manifest, replays: readonly Replay[]): Manifest {
  const databases = manifest.databases.map((database) => {
    const replay = replays.find((of) => of.database === database.name && of.links.length > 0)
    if (!replay) return database
    const { facts: _facts, ...rest } = database
    return { ...rest, lastTransaction: replay.to }
  })
  return { ...manifest, databases }
}

async function recordProof(
  repository: Repository,
  { id, server, databases }: Manifest,
  checks: number,
  now: Date,
): Promise<string> {
  const ends = Object.fromEntries(
    databases.map(({ name, lastTransaction: { id: last, checksum } }) => [name, { id: last, checksum }]),
  )
  try {
    await repository.putProof({ backup: id, time: now.toISOString(), neo4j: server?.version ?? 'unknown', ends, checks })
    return 'recorded'
  } catch (error) {
    // The restore is good nevertheless; only the repository does not know.
    if (error instanceof HoldfastError && ['repository', 'refused'].includes(error.code)) return error.message
    throw error
  }
}
