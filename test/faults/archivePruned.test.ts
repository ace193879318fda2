import { join } from 'node:path'
import { test } from 'vitest'
import { withFolder } from '../support/neo4j.ts'
import { absences, expectGapMarked } from '../support/prunedArchive.ts'

test.each(absences)(
  '[archive.gaps] Neo4j prunes log while the archiver %s: the gap is told and marked, and what follows is restorable',
  async (how) => withFolder('archive-pruned', async (folder) => expectGapMarked(how, { folder, repo: join(folder, 'repo') })),
)
