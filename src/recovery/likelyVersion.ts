import { namedVersions } from '../neo4j/versions.ts'
import type { Manifest } from '../repository/manifest.ts'
import { kernelVersions } from '../txlog/kernelVersions.ts'

/** Releases that write a kernel version of another name, or that are the ones most used of several that write it. */
const known: Readonly<Record<string, string>> = {
  V5_13: namedVersions.oldest,
  V5_25: namedVersions.lts,
  V2026_10: namedVersions.latest,
}

/**
 * The version of Neo4j to check a backup on whose server was not asked: the first release that writes what its logs hold. A newer one
 * would upgrade the restored system database as it starts, and then the server that the backup is of could not open it any more.
 */
export function likelyVersion({ databases }: Pick<Manifest, 'databases'>): string {
  const oldest = kernelVersions.findIndex((version) => version?.name === 'V5_13')
  const newest = Math.max(oldest, ...databases.map(({ kernelVersion }) => Number(kernelVersion)))
  const name = kernelVersions[newest]?.name ?? ''
  return known[name] ?? firstRelease(name)
}

/** `V5_18` came with 5.18, `V2025_04` with 2025.04. */
function firstRelease(kernelVersion: string): string {
  const [major = '', minor = ''] = kernelVersion.slice(1).split('_')
  return `${major}.${minor}.0`
}
