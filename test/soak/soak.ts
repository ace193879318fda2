import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installed } from '../support/neo4j.ts'
import { type WatchedPlace, watchedDirectory } from '../support/watchedPlace.ts'
import { Random } from '../support/workload/random.ts'
import { soakArchive } from './archiveSoak.ts'
import { type ArchiveTally, archiveTallyText, emptyArchiveTally } from './archiveTally.ts'
import { lockedBucket } from './lockedBucket.ts'
import { runSoak } from './run.ts'
import { tallyText } from './tally.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    version: { type: 'string', default: 'lts' },
    seed: { type: 'string', default: String(Date.now()) },
    dir: { type: 'string', default: tmpdir() },
    archive: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '100' },
    s3: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes}: expected a positive number`)

const say = (line: string): void => console.log(line)
const installation = await installed(values.version)
const folder = await mkdtemp(join(values.dir, 'holdfast-soak-'))
if (values.archive) await soakTheArchive()
else await soakBackups()

/** `npm run soak -- --archive --rounds 100`, with `--s3` into a bucket with compliance lock on a MinIO of its own. */
async function soakTheArchive(): Promise<void> {
  const tally = emptyArchiveTally()
  try {
    await using server = values.s3 ? await lockedBucket(join(folder, 's3')) : undefined
    await soakArchiveIn(server?.place ?? watchedDirectory(join(folder, 'repo')), tally)
  } catch (error) {
    tally.failures++
    say(`FAILED: ${error instanceof Error ? error.stack : String(error)}\neverything is kept in ${folder}`)
  }
  if (tally.failures === 0) await rm(folder, { recursive: true, force: true })
  say(archiveTallyText(tally))
  process.exitCode = tally.failures === 0 ? 0 : 1
}

async function soakArchiveIn(place: WatchedPlace, tally: ArchiveTally): Promise<void> {
  const { version } = installation
  say(`soak of the archive with ${values.rounds} rounds on Neo4j ${version}, seed ${values.seed}, in ${folder}, to ${place.repo}`)
  const random = new Random(`${values.seed}/archive`)
  const rounds = Number(values.rounds)
  await soakArchive({ rounds, compareEvery: 10, restores: 20, version, folder, place, random, say }, tally)
}

async function soakBackups(): Promise<void> {
  say(`soak of ${minutes} minutes on Neo4j ${installation.version}, seed ${values.seed}, in ${folder}`)
  const tally = await runSoak({ minutes, seed: values.seed, installation, folder, say })
  say(tallyText(tally))
  process.exitCode = tally.failures === 0 ? 0 : 1
}
