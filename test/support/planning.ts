import { expect } from 'vitest'
import { planPointInTime, type PointInTimePlan } from '../../src/recovery/pointInTimePlan.ts'
import type { RestorePoint } from '../../src/recovery/restorePoint.ts'
import { backupWindows, certain, joined } from '../../src/recovery/windows.ts'
import { ArchivedHistory } from '../../src/repository/archivedHistory.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { firstCommit } from './syntheticLog.ts'

const { signal } = new AbortController()

/** When transaction `id` of a synthetic log was committed, or so many milliseconds later. */
export function at(id: number, later = 0): RestorePoint {
  return { kind: 'time', time: new Date(firstCommit + id * 1000 + later) }
}

/** A transaction as a point. */
export function tx(id: number): RestorePoint {
  return { kind: 'transaction', id }
}

/** The end of what there is. */
export const latest = { kind: 'latest' } as const

/** What a plan is rejected with that is refused, with a message that a pattern matches. */
export function refused(pattern: string): { code: string; message: string } {
  return { code: 'refused', message: expect.stringMatching(pattern) as string }
}

/** What a plan is rejected with that asks between just these histories. */
export function asked(...choices: readonly string[]): { code: string; message: string } {
  return refused(`to ${choices.length} histories.*${choices.join('.*')}`)
}

/** How the database `neo4j` of a repository would be restored to a point. */
export async function planTo(repository: Repository, point: RestorePoint, lineage?: string): Promise<PointInTimePlan> {
  return planPointInTime(repository, { point, database: 'neo4j', lineage, signal })
}

/** The backup's last transaction, and the last one of the restored database. */
export async function endsOfPlan(repository: Repository, point: RestorePoint, lineage?: string): Promise<number[]> {
  const { replays } = await planTo(repository, point, lineage)
  return [replays[0]!.from.id, replays[0]!.to.id]
}

/** The windows of the database `neo4j`, such as `backup 4-4`. */
export async function windowsOf(repository: Repository): Promise<string[]> {
  const manifests = (await repository.listBackups()).flatMap(({ manifest }) => manifest ?? [])
  const found = await backupWindows(await ArchivedHistory.read(repository, signal), manifests, 'neo4j')
  return joined(certain(found)).map(
    ({ lineage, from, to }) => `${lineage === undefined ? 'backup' : lineage} ${from.id}-${to.id}`,
  )
}
