import { expect } from 'vitest'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { soakArchive } from '../soak/archiveSoak.ts'
import { archiveTallyText, emptyArchiveTally } from '../soak/archiveTally.ts'
import type { WatchedPlace } from './watchedPlace.ts'
import { Random } from './workload/random.ts'

/** `npm run soak -- --archive --rounds 100` makes more of them, and with `--s3` in a bucket. */
const rounds = 10

/** Kills the archiver and Neo4j at random moments, and makes sure that the archive is the log. */
export async function expectArchivedThroughKills({ folder, place }: { folder: string; place: WatchedPlace }): Promise<void> {
  const lines: string[] = []
  const tally = emptyArchiveTally()
  const random = new Random(`${Date.now()}/archive`)
  const say = (line: string): void => void lines.push(line)
  const version = namedVersions.lts
  await soakArchive({ rounds, compareEvery: 5, restores: 3, version, folder, place, random, say }, tally)
  const story = [...lines, archiveTallyText(tally)].join('\n')
  expect(tally, story).toMatchObject({ rounds, comparisons: 2, restores: 3, failures: 0 })
  expect(tally.killsOfArchiver + tally.killsOfNeo4j, story).toBeGreaterThanOrEqual(rounds)
  expect(tally.transactionsCompared, story).toBeGreaterThan(50)
}
