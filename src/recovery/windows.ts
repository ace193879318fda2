import { HoldfastError, integrityError } from '../core/errors.ts'
import { coverFrom, type Link } from '../repository/archiveChain.ts'
import type { Manifest, ManifestDatabase } from '../repository/manifest.ts'
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

/** The window that begins with one backup. */
export interface BackupWindow {
  backup: string
  base: ManifestDatabase
  window: Window
  /** Why nobody can tell whether it is one: log is damaged that would have to be read. */
  damage?: HoldfastError
}

/**
 * The windows of each backup of a database, from what the repository holds: along each lineage that goes through it, or else of itself.
 * A segment is read where a backup ends within it, to tell whether the lineage goes through that backup, and where the window ends within
 * it; the others are taken by their names, and a restore reads them.
 */
export async function backupWindows(
  history: ArchivedHistory,
  manifests: readonly Manifest[],
  database: string,
): Promise<BackupWindow[]> {
  const windows: BackupWindow[] = []
  for (const { id: backup, databases } of manifests) {
    const base = databases.find(({ name }) => name === database)
    if (!base) continue
    const found: Found[] = []
    for (const lineage of history.lineagesOf(base)) found.push(...(await windowAlong(lineage, history, base)))
    if (found.every(({ damage }) => damage)) {
      const { id, commitTime: time } = base.lastTransaction
      found.push({ window: { lineage: undefined, from: { id, time }, to: { id, time } } })
    }
    windows.push(...found.map((each) => ({ backup, base, ...each })))
  }
  return windows
}

type Found = Pick<BackupWindow, 'window' | 'damage'>

/** @returns none where the lineage does not go through the backup. */
async function windowAlong(lineage: string, history: ArchivedHistory, { lastTransaction }: ManifestDatabase): Promise<Found[]> {
  const links = history.chain(lineage)
  const from = { id: lastTransaction.id, time: lastTransaction.commitTime }
  const last = coverFrom(links, from.id).at(-1)
  const window: Window = { lineage, from, to: last ? edgeOf(last, last.segment.latest) : from }
  try {
    if (!(await history.goesThrough(links, lastTransaction))) return []
    if (last) window.to = edgeOf(last, await history.latestOn(last))
    return [{ window }]
  } catch (error) {
    return [{ window, damage: integrityError(error) }]
  }
}

/** The windows that are certain. */
export function certain(windows: readonly BackupWindow[]): Window[] {
  return windows.flatMap(({ window, damage }) => (damage ? [] : [window]))
}

/** Windows of a database, oldest first, one where several backups lie in the same unbroken chain, or hold the same. */
export function joined(windows: readonly Window[]): Window[] {
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

function edgeOf({ upTo }: Link, latest: number): Edge {
  return { id: upTo, time: new Date(latest).toISOString() }
}

/** Says which points near the wanted one can be restored. */
export function describeWindows(windows: readonly Window[], point: RestorePoint): string {
  if (windows.length === 0) return 'there is no backup of it; take one with `holdfast backup create`'
  const { before, after } = nearest(windows, point)
  const say = ({ id, time }: Edge): string => `transaction ${id} of ${time}`
  const sides = [before && `before it ${say(before)}`, after && `after it ${say(after)}`].filter((side) => side !== undefined)
  // An archive that ends before a moment says nothing of it: what was committed up to then may still be on its way.
  const advice =
    point.kind === 'time' && !after
      ? '; take --latest where the database is idle, or wait until the archive has passed that moment'
      : ''
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
