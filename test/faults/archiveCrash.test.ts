import { join } from 'node:path'
import { expect, test } from 'vitest'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { soakArchive } from '../soak/archiveSoak.ts'
import { archiveTallyText, emptyArchiveTally } from '../soak/archiveTally.ts'
import { withFolder } from '../support/neo4j.ts'
import { Random } from '../support/workload/random.ts'

/** `npm run soak -- --archive --rounds 100` makes more of them. */
const rounds = 10

test('[archive.crash] killed at random moments, the archiver and Neo4j leave an archive that is the log', async () =>
  withFolder('archive-crash', async (folder) => {
    const lines: string[] = []
    const tally = emptyArchiveTally()
    const random = new Random(`${Date.now()}/archive`)
    const say = (line: string): void => void lines.push(line)
    const version = namedVersions.lts
    await soakArchive({ rounds, compareEvery: 5, restores: 3, version, folder: join(folder, 'soak'), random, say }, tally)
    const story = [...lines, archiveTallyText(tally)].join('\n')
    expect(tally, story).toMatchObject({ rounds, comparisons: 2, restores: 3, failures: 0 })
    expect(tally.killsOfArchiver + tally.killsOfNeo4j, story).toBeGreaterThanOrEqual(rounds)
    expect(tally.transactionsCompared, story).toBeGreaterThan(50)
  }))
