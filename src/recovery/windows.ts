import { coverFrom } from '../repository/archiveChain.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import type { RestorePoint } from './restorePoint.ts'

/** A transaction as the end of a window, and when it was committed, ISO 8601. */
interface Edge {
  id: number
  time: string
}

/** Transactions to each of which, and to each moment between which, a database can be restored. */
export interface Window {
  /** Undefined for a backup that no archived log follows. */
  lineage: string | undefined
  from: Edge
  to: Edge
}

/** The windows of a database, oldest first, from what the repository holds. Segments are taken by their names; a restore reads them. */
export async function restorableWindows(
  history: ArchivedHistory,
  manifests: readonly Manifest[],
  database: string,
): Promise<Window[]> {
  const windows: Window[] = []
  for (const manifest of manifests) {
    const base = manifest.databases.find(({ name }) => name === database)
    if (!base) continue
    const { id, commitTime } = base.lastTransaction
    const from = { id, time: commitTime }
    let lineages = 0
    for (const lineage of history.lineagesOf(base)) {
      const links = history.chain(lineage)
      if (!(await history.goesThrough(links, base.lastTransaction))) continue
      lineages += 1
      const last = coverFrom(links, id).at(-1)
      const to = last ? { id: last.upTo, time: new Date(last.segment.latest).toISOString() } : from
      windows.push({ lineage, from, to })
    }
    if (lineages === 0) windows.push({ lineage: undefined, from, to: from })
  }
  return joined(windows)
}

/** One window where several backups lie in the same unbroken chain, or hold the same. */
function joined(windows: readonly Window[]): Window[] {
  const result: Window[] = []
  for (const window of windows.toSorted((a, b) => a.from.id - b.from.id)) {
    const before = result.find((known) => (window.lineage === undefined ? isSame(known, window) : goesOn(known, window)))
    if (before) {
      if (window.to.id > before.to.id) before.to = window.to
    } else result.push({ ...window })
  }
  return result.toSorted((a, b) => (a.from.time < b.from.time ? -1 : 1))
}

/** Backups of a database in which nothing happened between them. */
function isSame(one: Window, other: Window): boolean {
  return one.lineage === other.lineage && one.from.id === other.from.id && one.from.time === other.from.time
}

function goesOn(one: Window, other: Window): boolean {
  return one.lineage === other.lineage && one.to.id >= other.from.id
}

/** Says which points near the wanted one can be restored. */
export function describeWindows(windows: readonly Window[], point: RestorePoint): string {
  if (windows.length === 0) return 'there is no backup of it; take one with `holdfast backup create`'
  const { before, after } = nearest(windows, point)
  const say = ({ id, time }: Edge): string => `transaction ${id} of ${time}`
  const sides = [before && `before it ${say(before)}`, after && `after it ${say(after)}`].filter((side) => side !== undefined)
  // An archive that ends before a moment says nothing of it: what was committed up to then may still be on its way.
  const advice = point.kind === 'time' && !after ? '; take --latest, or wait until the archive has passed that moment' : ''
  return `the nearest points that can be restored: ${sides.join('; ')}${advice}`
}

function nearest(windows: readonly Window[], point: RestorePoint): { before: Edge | undefined; after: Edge | undefined } {
  const edges = windows.flatMap(({ from, to }) => [from, to])
  const position = ({ id, time }: Edge): number => (point.kind === 'transaction' ? id : Date.parse(time))
  const wanted = point.kind === 'transaction' ? point.id : point.kind === 'time' ? point.time.getTime() : Number.POSITIVE_INFINITY
  const sorted = edges.toSorted((a, b) => position(a) - position(b))
  return {
    before: sorted.findLast((edge) => position(edge) <= wanted),
    after: sorted.find((edge) => position(edge) > wanted),
  }
}
