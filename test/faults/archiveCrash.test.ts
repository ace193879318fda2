import { join } from 'node:path'
import { test } from 'vitest'
import { expectArchivedThroughKills } from '../support/killedArchiver.ts'
import { withFolder } from '../support/neo4j.ts'
import { watchedDirectory } from '../support/watchedPlace.ts'

test('[archive.crash] killed at random moments, the archiver and Neo4j leave an archive that is the log', async () =>
  withFolder('archive-crash', async (folder) =>
    expectArchivedThroughKills({ folder: join(folder, 'soak'), place: watchedDirectory(join(folder, 'repo')) }),
  ))
