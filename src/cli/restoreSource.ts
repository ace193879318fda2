import { resolve } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { planAsBegun } from '../recovery/begunPlan.ts'
import { planPointInTime } from '../recovery/pointInTimePlan.ts'
import type { Replay } from '../recovery/replay.ts'
import { begunIn } from '../recovery/target.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { resolveBackup } from './backupArgument.ts'
import { restorePointOf } from './restorePointOptions.ts'

interface SourceOptions {
  toDir: string
  resume: boolean
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
 * Where a restore is to go on and nothing is named, it is what that one was begun with.
 * @throws HoldfastError `usage` for options that contradict each other, and as `planPointInTime` and `planAsBegun`.
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
  const isNamed = (options.id ?? point ?? options.lineage) !== undefined
  const target = resolve(options.toDir)
  const journal = options.resume && !isNamed ? await begunIn(target) : undefined
  if (journal?.repository === repository.id)
    return { ...(await planAsBegun(repository, { target, journal, signal })), damaged: [] }
  const asItIs = options.id ?? (isNamed || (await hasArchive(repository, signal)) ? undefined : 'latest')
  if (asItIs !== undefined)
    return { manifest: await resolveBackup(repository, asItIs, signal), replays: [], damaged: [], doubts: [] }
  const wish = { point: point ?? ({ kind: 'latest' } as const), database, lineage: options.lineage, signal }
  return planPointInTime(repository, wish)
}

async function hasArchive({ archive }: Repository, signal: AbortSignal): Promise<boolean> {
  return (await archive.list({ signal })).segments.length > 0
}
