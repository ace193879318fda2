import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Installation } from '../../src/neo4j/installation.ts'
import { WorkloadVerifier } from '../support/graphModelVerify.ts'
import { Random } from '../support/workload/random.ts'
import type { WorkloadOptions } from '../support/workload/workload.ts'
import { Workload } from '../support/workload/workload.ts'
import type { RepositoryPlace } from './holdfast.ts'
import { initRepository } from './holdfast.ts'
import type { Ground } from './round.ts'
import { runRound } from './round.ts'
import { planRound } from './roundPlan.ts'
import { SoakServer } from './server.ts'
import type { Tally } from './tally.ts'
import { emptyTally } from './tally.ts'

export interface SoakOptions {
  /** No round begins after so many minutes. */
  minutes: number
  /** Rounds that are made in any case, however slow the machine is. */
  atLeast?: number
  /** The same seed gives the same operations and the same incidents, though never the same moments. */
  seed: string
  installation: Installation
  /** An empty folder for everything; removed at the end unless something failed. */
  folder: string
  say: (line: string) => void
}

/** Writes, backs up, restores and compares again and again; the first failure ends it, and its data is kept. */
export async function runSoak(options: SoakOptions): Promise<Tally> {
  const { seed, folder, say } = options
  const tally = emptyTally()
  try {
    await soak(options, tally)
    await rm(folder, { recursive: true, force: true })
  } catch (error) {
    tally.failures++
    say(`FAILED: ${error instanceof Error ? error.stack : String(error)}`)
    say(`seed ${seed}; everything is kept in ${folder}`)
  }
  return tally
}

async function soak(options: SoakOptions, tally: Tally): Promise<void> {
  const { seed, installation, folder } = options
  const workloadOptions = workloadOf(seed, installation.version)
  const random = new Random(`${seed}/soak`)
  const places = await makeRepositories(folder)
  const serverFolder = join(folder, 'server')
  await mkdir(serverFolder)
  await using server = new SoakServer(installation, serverFolder, random)
  await using workload = new Workload(workloadOptions)
  const verifier = new WorkloadVerifier(workloadOptions)
  const ground: Ground = { folder, installation, server, workload, verifier, tally, kept: new Map() }
  try {
    await workload.start(await server.start())
    await workload.until(({ writers }) => writers.every(({ acknowledged }) => acknowledged >= 40))
    await runRounds(options, ground, places, random)
  } finally {
    tally.transactions = acknowledged(workload)
    tally.checkpoints = await server.checkpoints()
  }
}

async function runRounds(
  { minutes, atLeast = 1, say }: SoakOptions,
  ground: Ground,
  places: Places,
  random: Random,
): Promise<void> {
  const { server, workload, tally } = ground
  const end = performance.now() + minutes * 60_000
  for (let number = 1; number <= atLeast || performance.now() < end; number++) {
    const plan = planRound(random, number)
    const began = performance.now()
    const transactions = acknowledged(workload)
    const settings = Object.values(server.settings).join(' ')
    const place = plan.encrypted ? places.encrypted : places.plain
    const line = await Promise.race([runRound(ground, plan, place), server.lost])
    tally.rounds++
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const story = `${plan.incident}${plan.encrypted ? ', encrypted' : ''} [${settings}]`
    say(`round ${number} in ${seconds} s: ${story}: ${line}; ${acknowledged(workload) - transactions} transactions meanwhile`)
    if (acknowledged(workload) === transactions) throw new Error('the clients did nothing during the whole round')
  }
}

interface Places {
  plain: RepositoryPlace
  encrypted: RepositoryPlace
}

async function makeRepositories(folder: string): Promise<Places> {
  const passphraseFile = join(folder, 'passphrase')
  await mkdir(folder, { recursive: true })
  await writeFile(passphraseFile, 'a soak has no secrets\n', { mode: 0o600 })
  const places = {
    plain: { directory: join(folder, 'plain') },
    encrypted: { directory: join(folder, 'encrypted'), passphraseFile },
  }
  for (const place of Object.values(places)) {
    const { exitCode, story } = await initRepository(place).outcome
    if (exitCode !== 0) throw new Error(`expected a repository:\n${story}`)
  }
  return places
}

function workloadOf(seed: string, version: string): WorkloadOptions {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return {
    seed,
    writers: 3,
    size: { nodes: 2500, relationships: 4000 },
    pace: 60,
    schemaPace: 3000,
    withVectors: major > 5 || minor >= 15,
  }
}

function acknowledged({ positions: { writers, schema } }: Workload): number {
  return [...writers, schema].reduce((sum, position) => sum + position.acknowledged, 0)
}
