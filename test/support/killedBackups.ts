import { randomBytes, randomInt } from 'node:crypto'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles } from './faultsData.ts'
import { after } from './faultsMoment.ts'
import { startHoldfast, succeed } from './holdfast.ts'
import { storageAt } from './storageAt.ts'
import type { WatchedPlace } from './watchedPlace.ts'

const rounds = 8
/** Batches of rounds, each of which kills at other moments. */
export const batches = [1, 2, 3, 4]

interface KilledBackups {
  /** A data directory that nobody uses; it is copied. */
  original: string
  /** For the copy and for what is restored. */
  folder: string
  place: WatchedPlace
  /** One of {@link batches}. */
  batch: number
}

interface Listed {
  backups: { id: string }[]
  damaged: unknown[]
}

/**
 * Makes a repository, kills backups into it at many moments and takes another one after each: what was there stays valid, nothing half
 * is left, the next run works. In the end all backups are deleted, and nothing of them is left.
 */
export async function expectSurvivedBackups({ original, folder, place, batch }: KilledBackups): Promise<void> {
  const { repo } = place
  const dataDir = join(folder, 'data')
  await cp(original, dataDir, { recursive: true, preserveTimestamps: true })
  await succeed('repo', 'init', '--repo', repo)
  let whole: string[] = []
  const list = async (): Promise<string[]> => {
    const { backups, damaged } = await succeed<Listed>('backup', 'list', '--repo', repo)
    expect(damaged).toEqual([])
    return backups.map(({ id }) => id)
  }
  const tally = { killed: 0, finished: 0 }
  for (let round = 1; round <= rounds; round++) {
    await changeSomething(dataDir)
    tally[await killedBackup(dataDir, place, round * batches.length + batch)] += 1
    // One that was killed after its last step but before its end exists, and then it is whole.
    const found = await list()
    expect(found.slice(0, whole.length)).toEqual(whole)
    expect(found.length - whole.length).toBeLessThanOrEqual(1)

    const manifest = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
    whole = [...found, manifest.id]
    if (round === rounds) await expectRestorable(dataDir, repo, manifest, join(folder, 'restored'))
  }
  expect(tally.killed).toBeGreaterThan(rounds / 2)
  expect(await list()).toEqual(whole)
  const { verdict, backups } = await succeed<{ verdict: string; backups: unknown[] }>('backup', 'validate', '--repo', repo)
  expect({ verdict, backups: backups.length }).toEqual({ verdict: 'good', backups: whole.length })
  await expectNothingLeft(repo, whole)
}

/** A file that Neo4j keeps, so that each round has something to store; nobody starts a server on this directory. */
async function changeSomething(dataDir: string): Promise<void> {
  await writeFile(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), randomBytes(1 << 20))
}

/** Kills every second one while it copies slowly, and the others around their steps in the repository, most of which come at the end. */
async function killedBackup(dataDir: string, { repo, atWrite }: WatchedPlace, number: number): Promise<'killed' | 'finished'> {
  const isSlow = Math.floor(number / batches.length) % 2 === 0
  const slow = isSlow ? ['--max-rate', '3MB'] : []
  const run = startHoldfast(['backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, ...slow])
  using _moment = isSlow ? after(atWrite(1), randomInt(1200), run.kill) : atWrite(Math.ceil(number / 2), run.kill)
  const { exitCode, story } = await run.outcome
  expect([undefined, 0], story).toContain(exitCode)
  return exitCode === undefined ? 'killed' : 'finished'
}

async function expectRestorable(dataDir: string, repo: string, manifest: Manifest, target: string): Promise<void> {
  await succeed('restore', 'start', '--skip-checks', '--id', manifest.id, '--to-dir', target, '--repo', repo)
  await expectSameFiles(dataDir, target, manifest)
}

/** The next delete removes what the killed runs left, and everything that is needed stays. */
async function expectNothingLeft(repo: string, whole: string[]): Promise<void> {
  const names = async (): Promise<string[]> => (await Array.fromAsync(storageAt(repo).list(''))).map(({ name }) => name)
  const packs = async (): Promise<number> => (await names()).filter((name) => name.startsWith('packs/')).length
  const before = await packs()
  await succeed('backup', 'delete', whole[0]!, '--confirm', '--repo', repo)
  expect(await packs()).toBeLessThan(before)
  const { verdict } = await succeed<{ verdict: string }>('backup', 'validate', '--repo', repo)
  expect(verdict).toBe('good')
  for (const id of whole.slice(1)) await succeed('backup', 'delete', id, '--confirm', '--repo', repo)
  expect((await names()).filter((name) => !name.startsWith('leases/'))).toEqual(['repository'])
}
