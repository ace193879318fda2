import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { liveLog } from '../../src/history/liveLog.ts'
import type { Installation } from '../../src/neo4j/installation.ts'
import { startNeo4j } from '../../src/neo4j/instance.ts'
import { decodeTransaction } from '../../src/txlog/commands/decodeTransaction.ts'
import { outOfBounds } from '../support/graphModelMarkers.ts'
import type { WorkloadVerifier } from '../support/graphModelVerify.ts'
import type { Positions, Workload } from '../support/workload/workload.ts'
import type { BackupWay, Outcome, RepositoryPlace, Run } from './holdfast.ts'
import { createBackup, deleteBackup, restoreBackup, validateBackups } from './holdfast.ts'
import type { RoundPlan } from './roundPlan.ts'
import type { SoakServer } from './server.ts'
import { openDriver } from './server.ts'
import type { Tally } from './tally.ts'

/** What all rounds share. */
export interface Ground {
  folder: string
  installation: Installation
  server: SoakServer
  workload: Workload
  verifier: WorkloadVerifier
  tally: Tally
  /** Ids of the backups that each repository holds, oldest first. */
  kept: Map<RepositoryPlace, string[]>
}

/** Tells how long each part of a round took. */
class Stopwatch {
  readonly laps: string[] = []
  #since = performance.now()

  lap(what: string): void {
    const now = performance.now()
    this.laps.push(`${what} in ${((now - this.#since) / 1000).toFixed(1)} s`)
    this.#since = now
  }
}

/** How many backups a repository keeps. */
const keep = 4

/** Exit codes with which a backup may end when Neo4j dies under it: its files were not to be had. */
const refusal = 3

interface Backup {
  id: string
  before: Positions
  after: Positions
}

/** One backup with its incident, restored and compared. @returns what is worth a line. */
export async function runRound(ground: Ground, plan: RoundPlan, place: RepositoryPlace): Promise<string> {
  const { server, workload, tally } = ground
  await delay(plan.lead)
  workload.check()
  const checkpoints = await server.checkpoints()
  const watch = new Stopwatch()
  const backup = await takeBackup(ground, plan, place)
  watch.lap('backed up')
  tally.checkpointsMet += (await server.checkpoints()) - checkpoints
  tally.backups++
  const compared = await restoreAndCompare(ground, plan, place, backup, watch)
  await tidy(ground, plan, place, backup.id)
  watch.lap('tidied')
  return `${backup.id}; ${compared}; ${watch.laps.join(', ')}`
}

async function takeBackup(ground: Ground, plan: RoundPlan, place: RepositoryPlace): Promise<Backup> {
  const maxRate = await rateFor(ground, plan)
  const start = (way: BackupWay): Run => createBackup(place, ground.server.dataDir, { maxRate, ...way })
  switch (plan.incident) {
    case 'none':
      return finished(ground, start({ uri: ground.server.uri }))
    case 'no bolt':
      return finished(ground, start({}))
    case 'kill neo4j':
      return whileNeo4jDies(ground, plan, start)
    case 'kill holdfast':
      return afterHoldfastDied(ground, plan, start)
    case 'offline':
      return whileStopped(ground, start)
  }
}

/** Bytes a second that make reading the store last as long as planned. */
async function rateFor({ server }: Ground, { copySeconds }: RoundPlan): Promise<number | undefined> {
  if (copySeconds === 0) return undefined
  const folder = join(server.dataDir, 'databases', 'neo4j')
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0) / copySeconds
}

type Start = (way: BackupWay) => Run

/** @param run a backup that was started at this moment */
async function finished({ workload }: Ground, run: Run): Promise<Backup> {
  const before = workload.positions
  const outcome = await run.outcome
  return { id: idOf(outcome), before, after: workload.positions }
}

async function whileNeo4jDies(ground: Ground, plan: RoundPlan, start: Start): Promise<Backup> {
  const { server, workload, tally } = ground
  const before = workload.positions
  const run = start({ uri: server.uri })
  await delay(plan.killAfter)
  await server.kill()
  tally.killsOfNeo4j++
  workload.resume(await server.start())
  const outcome = await run.outcome
  const after = workload.positions
  if (outcome.exitCode !== refusal) return { id: idOf(outcome), before, after }
  tally.refusals++
  return finished(ground, start({ uri: server.uri }))
}

async function afterHoldfastDied(ground: Ground, plan: RoundPlan, start: Start): Promise<Backup> {
  const { server, tally } = ground
  const run = start({ uri: server.uri })
  const timer = setTimeout(() => run.kill(), plan.killAfter)
  const { exitCode } = await run.outcome
  clearTimeout(timer)
  if (exitCode === undefined) tally.killsOfHoldfast++
  return finished(ground, start({ uri: server.uri }))
}

async function whileStopped(ground: Ground, start: Start): Promise<Backup> {
  const { server, workload } = ground
  await workload.pause()
  await server.stop()
  const backup = await finished(ground, start({ offline: true }))
  workload.resume(await server.start())
  return backup
}

function idOf(outcome: Outcome): string {
  const { id } = expectSuccess(outcome) as { id?: unknown }
  if (typeof id !== 'string') throw new Error(`expected the id of a backup:\n${outcome.story}`)
  return id
}

function expectSuccess(outcome: Outcome): unknown {
  if (outcome.exitCode !== 0) throw new Error(`expected exit code 0:\n${outcome.story}`)
  return outcome.result
}

async function restoreAndCompare(
  ground: Ground,
  plan: RoundPlan,
  place: RepositoryPlace,
  backup: Backup,
  watch: Stopwatch,
): Promise<string> {
  const { tally, installation } = ground
  const folder = join(ground.folder, `restore-${plan.number}`)
  await mkdir(folder, { recursive: true })
  const dataDir = join(folder, 'data')
  const restored = await restoreBackup(place, backup.id, dataDir, installation.version).outcome
  const { verdict } = expectSuccess(restored) as { verdict?: unknown }
  if (verdict !== 'good') throw new Error(`expected the verdict good:\n${restored.story}`)
  tally.restores++
  watch.lap('restored')
  for (const database of ['neo4j', 'system']) tally.transactionsDecoded += await decodedTransactions(dataDir, database)
  watch.lap('decoded')
  const instance = await startNeo4j({ installation, home: join(folder, 'home'), dataDir })
  const driver = openDriver(instance.boltUri)
  watch.lap('booted')
  try {
    const found = await ground.verifier.verify(driver)
    watch.lap('compared')
    tally.entitiesCompared += found.nodes + found.relationships
    tally.propertiesCompared += found.properties
    tally.questionsAsked += found.questions
    const broken = [
      ...outOfBounds(found.markers, backup.before, backup.after),
      ...found.differences.map(({ kind, what, uid, detail }) => `${kind} ${what} ${uid}: ${detail}`),
    ]
    if (broken.length > 0) {
      throw new Error(
        `${found.differenceCount} differences from the model; the restored data is in ${folder}\n${broken.join('\n')}`,
      )
    }
    await rm(folder, { recursive: true, force: true })
    return `${found.nodes} nodes and ${found.relationships} relationships as they were after operations ${found.markers.writers.join(', ')}`
  } finally {
    await driver.close()
    await instance.kill()
  }
}

/** How many transactions the log of a database has. @throws Error where the decoder does not understand one to its last byte. */
async function decodedTransactions(dataDir: string, database: string): Promise<number> {
  const { signal } = new AbortController()
  let count = 0
  for await (const { transaction, bytes } of liveLog({ dataDir, database }, signal).transactions(0)) {
    const { stopped } = decodeTransaction(bytes)
    if (stopped) throw new Error(`transaction ${transaction.id} of ${database} in ${dataDir}: ${JSON.stringify(stopped)}`)
    count++
  }
  return count
}

/** Keeps the repository small, and now and then has all of it checked. */
async function tidy({ kept }: Ground, { validate }: RoundPlan, place: RepositoryPlace, id: string): Promise<void> {
  const ids = kept.get(place) ?? []
  kept.set(place, ids)
  ids.push(id)
  while (ids.length > keep) expectSuccess(await deleteBackup(place, ids.shift()!).outcome)
  if (validate) expectSuccess(await validateBackups(place).outcome)
}
