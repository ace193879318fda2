import { HoldfastError } from '../core/errors.ts'
import { planPointInTime } from '../recovery/pointInTimePlan.ts'
import type { Replay } from '../recovery/replay.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { resolveBackup } from './backupArgument.ts'
import { restorePointOf } from './restorePointOptions.ts'

interface SourceOptions {
  id?: string | undefined
  lineage?: string | undefined
  latest: boolean
  toTime?: number | undefined
  toTx?: number | undefined
  beforeTx?: number | undefined
}

/** What is restored: a backup, and archived log behind it. */
interface Source {
  manifest: Manifest
  replays: Replay[]
  damaged: string[]
  /** What the restored databases may lack. */
  doubts: string[]
}

/**
 * Finds what the options of a restore name: a certain backup as it is, or all that leads to a point, by default the last one archived.
 * @throws HoldfastError `usage` for options that contradict each other, and as `planPointInTime`.
 */
export async function chooseSource(
  repository: Repository,
  options: SourceOptions,
  { database, now, signal }: { database: string; now: Date; signal: AbortSignal },
): Promise<Source> {
  const point = restorePointOf(options, now)
  if (options.id !== undefined && (point ?? options.lineage) !== undefined) {
    throw new HoldfastError('usage', '--id restores a backup as it is, and goes with no other point', {
      hint: 'leave --id out: the fitting backup is found by itself',
    })
  }
  const asItIs = options.id ?? (point === undefined && !(await hasArchive(repository, signal)) ? 'latest' : undefined)
  if (asItIs !== undefined)
    return { manifest: await resolveBackup(repository, asItIs, signal), replays: [], damaged: [], doubts: [] }
  const wish = { point: point ?? ({ kind: 'latest' } as const), database, lineage: options.lineage, signal }
  return planPointInTime(repository, wish)
}

async function hasArchive({ archive }: Repository, signal: AbortSignal): Promise<boolean> {
  return (await archive.list({ signal })).segments.length > 0
}
