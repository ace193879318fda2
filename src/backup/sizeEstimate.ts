import { encodings } from '../repository/block.ts'
import type { BlockTable } from '../repository/blockTable.ts'
import type { Manifest } from '../repository/manifest.ts'

/** What keeping daily backups would store, in bytes, were each to bring as much new as those so far. */
export interface SizeEstimate {
  /** What this backup would store were it the only one. */
  alone: number
  /** What a later backup brings: the median of those there are; null while there is only one. */
  eachLater: number | null
  /** Bytes by the number of daily backups kept. */
  kept: Record<'7' | '30' | '90', number> | null
}

/** Estimates from what the repository holds: a whole backup, and as much for each later one as the middle one of those so far brought. */
export function estimateSize(manifests: readonly Manifest[], table: BlockTable): SizeEstimate {
  const places = new Map<string, number>()
  for (let index = 0; index < table.rows; index++) {
    const { pack, offset, stored, encoding } = table.location(index)
    if (encoding !== encodings.zero) places.set(`${pack}:${offset}`, stored)
  }
  const alone = [...places.values()].reduce((sum, stored) => sum + stored, 0)
  const later = manifests.slice(1).map(({ totals }) => totals.storedBytes)
  const eachLater = later.toSorted((a, b) => a - b)[Math.floor(later.length / 2)] ?? null
  const keep = (days: number): number => alone + (days - 1) * (eachLater ?? 0)
  return { alone, eachLater, kept: eachLater === null ? null : { '7': keep(7), '30': keep(30), '90': keep(90) } }
}
