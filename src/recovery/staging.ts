import type { Installation } from '../neo4j/installation.ts'
import type { Manifest } from '../repository/manifest.ts'

/** Finds the Neo4j that restored data is checked on, of the version the backup was made from where that is known. */
export type Staging = (manifest: Manifest) => Promise<Installation>
