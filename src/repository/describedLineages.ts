import { HoldfastError, integrityError } from '../core/errors.ts'
import type { ArchiveListing } from './archive.ts'
import type { Lineage } from './lineage.ts'
import type { Repository } from './repository.ts'
import { rootOf } from './segmentName.ts'

/** What is known of lineages. */
export interface Described {
  lineages: Map<string, Lineage>
  damaged: Map<string, HoldfastError>
}

/** What the lineages are that have a description or a segment. */
export async function describe(
  { archive }: Repository,
  { lineages: listed, segments }: ArchiveListing,
  signal: AbortSignal,
): Promise<Described> {
  const described: Described = { lineages: new Map(), damaged: new Map() }
  for (const id of new Set([...listed, ...segments.map(({ lineage }) => lineage)])) {
    try {
      described.lineages.set(id, await archive.readLineage(id, { signal }))
    } catch (error) {
      described.damaged.set(id, integrityError(error))
    }
  }
  return described
}

/** The error for a lineage that has to be followed and cannot be. */
export function unreadable(id: string, { message, cause }: HoldfastError): HoldfastError {
  const again =
    id === rootOf(id)
      ? 'where it is gone and the database goes on in this lineage, run `holdfast archive run` on it, which puts it there, or '
      : 'where the database goes on in this lineage, start `holdfast archive run` on it anew, which begins another one with a backup, or '
  return new HoldfastError('integrity', `lineage ${id} cannot be followed: ${message}`, {
    hint: `${again}restore that object from a copy of the repository, or follow another lineage with --lineage: see \`holdfast archive status\``,
    cause,
  })
}
