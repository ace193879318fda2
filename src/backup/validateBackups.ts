import { HoldfastError, integrityError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import type { VerifiedBackup } from '../repository/verify.ts'
import { countTransactions } from './storedLog.ts'

export interface ValidateOptions {
  /** Which backups; all unless given. */
  ids?: readonly string[] | undefined
  /** The part of the blocks to read, above 0 up to 1. */
  sample?: number | undefined
  progress: ProgressListener
  signal: AbortSignal
}

/** What was found of one backup. */
export interface BackupVerdict {
  id: string
  verdict: 'good' | 'bad'
  /** Whole transactions in the log of all its databases. */
  transactions: number
  /** What is wrong, and which files it hits. */
  problems: string[]
}

export interface ValidationReport {
  verdict: 'good' | 'bad'
  backups: readonly BackupVerdict[]
  /** Distinct blocks read, and their bytes before compression. */
  blocks: number
  bytes: number
  sample: number
  /** What the report does not depend on, each a sentence. */
  warnings: readonly string[]
}

/**
 * Reads backups back from the repository and checks manifests, block tables, blocks, and every transaction of their logs.
 * A backup that is deleted meanwhile is left out.
 * @throws HoldfastError `usage` where no backup is left: nothing was proven then.
 */
export async function validateBackups(repository: Repository, options: ValidateOptions): Promise<ValidationReport> {
  const { ids, sample = 1, progress, signal } = options
  const verified = await repository.verifyBackups({ ids, sample, onProgress: progress, signal })
  const manifests = new Map((await repository.listBackups({ signal })).map(({ id, manifest }) => [id, manifest]))
  const backups: BackupVerdict[] = []
  for (const backup of verified.backups) {
    const problems = problemsOf(backup)
    const manifest = manifests.get(backup.id)
    // A damaged log is named already; reading it as transactions would only say so again.
    const transactions = problems.length === 0 && manifest ? await readTransactions(repository, manifest, problems, options) : 0
    backups.push({ id: backup.id, verdict: problems.length === 0 ? 'good' : 'bad', transactions, problems })
  }
  const found = await stillThere(repository, backups, signal)
  if (found.length === 0) {
    throw new HoldfastError('usage', `nothing to validate: no backups in ${repository.location}`, {
      hint: 'make one with `holdfast backup create`, or check the location',
    })
  }
  const verdict = found.every((backup) => backup.verdict === 'good') ? 'good' : 'bad'
  const warnings = verified.unmarked.map(
    ({ message }) => `a damaged pack is not marked, so later backups may build on it until a validation can mark it: ${message}`,
  )
  return { verdict, backups: found, blocks: verified.blocks, bytes: verified.bytes, sample, warnings }
}

async function stillThere(
  repository: Repository,
  backups: readonly BackupVerdict[],
  signal: AbortSignal,
): Promise<readonly BackupVerdict[]> {
  const ids = new Set((await repository.listBackups({ signal })).map(({ id }) => id))
  return backups.filter(({ id }) => ids.has(id))
}

function problemsOf({ error, damagedFiles, damagedPacks }: VerifiedBackup): string[] {
  return [
    ...(error ? [error.message] : []),
    ...damagedPacks.map((damaged) => damaged.error.message),
    ...damagedFiles.map(({ path, blocks }) => `${path} cannot be restored: ${blocks.length} of its blocks are damaged`),
  ]
}

async function readTransactions(
  repository: Repository,
  manifest: Manifest,
  problems: string[],
  { progress, signal }: ValidateOptions,
): Promise<number> {
  try {
    progress({ phase: `read the log of ${manifest.id}` })
    const table = await repository.readBlockTable(manifest, { signal })
    let transactions = 0
    for (const database of manifest.databases) transactions += await countTransactions(repository, table, database, signal)
    return transactions
  } catch (error) {
    problems.push(integrityError(error).message)
    return 0
  }
}
