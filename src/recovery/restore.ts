import { mkdir, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { ProgressListener } from '../core/progress.ts'
import { filesOf, type Manifest } from '../repository/manifest.ts'
import { ownIdentity } from '../repository/processIdentity.ts'
import type { Repository } from '../repository/repository.ts'
import type { Check } from './checks.ts'
import { type RestoreJournal, writeJournal } from './journal.ts'
import { materialise, type Materialised } from './materialise.ts'
import { giveNewFiles, ownerOf } from './ownership.ts'
import type { Staging } from './staging.ts'
import { claimTarget, inspectTarget } from './target.ts'
import { targetFailure } from './targetFailure.ts'
import { validateRestored } from './validateRestored.ts'

export interface RestoreOptions {
  /** A directory that does not exist or is empty; it becomes a Neo4j data directory. */
  target: string
  /** Go on with a restore of the same backup that broke off. */
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
  const { clock, progress, signal, staging, resume = false } = options
  const beginning = await inspectTarget(target, { backup: manifest.id, repository: repository.id, resume })
  const started = 'started' in beginning ? beginning.started : clock.now().toISOString()
  const process = await ownIdentity()
  const enter = async (state: RestoreJournal['state']): Promise<void> => {
    const updated = clock.now().toISOString()
    const about = { backup: manifest.id, repository: repository.id, process, started, updated }
    await writeJournal(target, { holdfast: 'restore', format: 1, state, ...about })
  }

  const begun = clock.monotonic()
  await claimTarget(target, beginning, ownerOf(manifest))
  if (beginning.at !== 'checks') await enter('RECOVERING')
  const files =
    beginning.at === 'checks' ? inPlace(manifest) : await materialise(repository, manifest, target, { progress, signal })
  const materialised = clock.monotonic()
  await enter('VALIDATION')

  const checks = staging ? await validate(staging, target, manifest, options) : []
  const verdict = staging === undefined ? 'unchecked' : checks.every((check) => check.passed) ? 'good' : 'bad'
  const state = verdict === 'bad' ? 'FAILED' : verdict === 'good' ? 'SUCCESS' : 'VALIDATION'
  await enter(state)
  return {
    backup: manifest.id,
    directory: target,
    state,
    verdict,
    files,
    checks,
    durations: { materialise: Math.round(materialised - begun), validate: Math.round(clock.monotonic() - materialised) },
  }
}

/** What an earlier attempt has written to the end. */
function inPlace(manifest: Manifest): Materialised {
  const { size } = manifest.totals
  return { files: filesOf(manifest).length, size, resumed: size }
}

/** The scratch server's own folder lies beside the target, and is kept where something is wrong, for its logs. */
async function validate(
  staging: Staging,
  target: string,
  manifest: Manifest,
  { progress, signal }: RestoreOptions,
): Promise<Check[]> {
  const home = `${target}.holdfast-scratch`
  await mkdir(home, { recursive: true, mode: 0o700 })
  const checks = await validateRestored(staging, { dataDir: target, home, manifest, progress, signal })
  await giveNewFiles(target, manifest)
  if (checks.every((check) => check.passed)) await rm(home, { recursive: true, force: true })
  return checks
}
