import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Driver } from 'neo4j-driver'
import { expect } from 'vitest'
import { mapOrdered } from '../../src/core/mapOrdered.ts'
import { startNeo4j } from '../../src/neo4j/instance.ts'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { rootOf } from '../../src/repository/segmentName.ts'
import type { Transaction } from '../../src/txlog/transaction.ts'
import { ArchiverProcess } from './archiverProcess.ts'
import { succeed } from './holdfast.ts'
import { MarkerClients, type Note, openDriver, readMarkers } from './markerClients.ts'
import { installed, startIn, withFolder } from './neo4j.ts'
import { brokenPromises, expectArchived, loggedIn, missingMarkers, wrongEnd, wrongMarkers } from './pointInTimeChecks.ts'
import { repositoryIn } from './storageAt.ts'
import { RestoredChecker } from './restoredChecker.ts'
import { createUser, readUsers } from './systemUsers.ts'
import { Random } from './workload/random.ts'

/** Settings under which files are rotated and checkpoints made all the time. */
export const restlessLog = { 'db.checkpoint.interval.time': '1s', 'db.checkpoint.interval.tx': '100' }

/** Restores of each version; the one that Holdfast checks itself, with a server, comes on top. */
const restores = 24

/** What clients wrote to a server. */
interface Written {
  notes: Note[]
  /** Users that were created in the meantime. */
  users: Note[]
}

/** One of the two histories of the test, as it was written. */
interface History extends Written {
  /** All of it that is archived, its parent's part too, by id. */
  transactions: Transaction[]
  /** The log of `system`, which must be restored to the same moments. */
  system: Transaction[]
  lineage: string
  /** To each of its transactions after this one it can be restored. */
  after: number
  /** Between these moments it can be restored, milliseconds since 1970. */
  from: number
  to: number
}

interface Row {
  version: string
  /** Which of the two histories is restored with all checks of Holdfast and asked by a server. */
  asked: number
  settings: Record<string, string>
  /** A directory of its own by default. */
  repo?: string
}

/**
 * Writes two histories, restores to random points of them, and expects what was promised. Each restore is judged three times: by the last transaction of the restored log, as the project's own reader finds it, for each client
 * knows from the server's answer up to which transaction the log must go to hold its marker; by the markers that Neo4j finds once it has recovered
 * the log; and by `neo4j-admin database check`. The log of `system` must end with the same moment. One of each version goes through all checks of Holdfast
 * and is started once more.
 */
export async function expectRestorable({ version, settings, asked, repo: place }: Row): Promise<void> {
  await withFolder(`point-in-time-${version}`, async (folder) => {
    const ground = {
      folder,
      version,
      settings,
      repo: place ?? join(folder, 'repo'),
      random: new Random(`${version} ${Date.now()}`),
    }
    await succeed('repo', 'init', '--repo', ground.repo)
    const histories = await writeTwoHistories(ground)
    await using checker = await RestoredChecker.start(await installed(version))
    const restoreNumber = async (number: number): Promise<string[]> => {
      const target = join(folder, `to-${number}`)
      const restore = number % 3 === 0 ? restoreToTransaction : restoreToMoment
      const judge = await restore(ground, histories[number % 2]!, target)
      const { markers, problems } = await checker.check(target)
      const broken = [...judge(markers), ...problems]
      if (broken.length === 0) await rm(target, { recursive: true })
      return broken
    }
    const numbers = Array.from({ length: restores }, (_, number) => number)
    // Some at a time, as each waits for the disk or for its turn to be checked most of the time.
    const results = await Array.fromAsync(mapOrdered(numbers, 4, restoreNumber))
    expect(results.flat()).toEqual([])
    expect(results).toHaveLength(restores)
    await restoreAndAsk(ground, histories[asked]!, join(folder, 'asked'))
  })
}

interface Ground {
  folder: string
  version: string
  settings: Record<string, string>
  repo: string
  random: Random
}

async function writeTwoHistories(ground: Ground): Promise<[History, History]> {
  const { folder, repo } = ground
  const dataDir = join(folder, 'data')
  const repository = await repositoryIn(repo)
  await using archiver = new ArchiverProcess({ dataDir, repo, interval: '200ms' })

  const first = await write(ground, archiver, async (clients, server) => {
    await archiver.backedUp(1)
    await clients.advance(30)
    await server.createUser()
    await clients.advance(30)
    await succeed('backup', 'create', '--data-dir', dataDir, '--repo', repo, '--uri', 'bolt://127.0.0.1:1')
    await clients.advance(50)
    await server.createUser()
    await clients.advance(50)
    await server.restart()
    await clients.advance(100)
    // What the second history gives up.
    await server.createUser()
    await clients.advance(20)
  })
  const system = await loggedIn(dataDir, 'system')
  await archiver.until(async () =>
    (await repository.archive.list()).segments.some(({ checksum }) => checksum === system.at(-1)!.checksum),
  )
  const root = await lineageOf(repository, undefined)
  const [oldest] = (await repository.listBackups()).flatMap(({ manifest }) => manifest ?? [])
  const after = oldest!.databases.find(({ name }) => name === 'neo4j')!.lastTransaction.id
  const log = await expectArchived(repository, root, dataDir)
  // Of transactions that commit at once, an earlier one can have the later time.
  const from = Math.max(...log.filter(({ id }) => id <= after).map(({ commitTime }) => commitTime))
  const one = { ...first, transactions: log, system, lineage: root, after, from, to: log.at(-1)!.commitTime }

  // Back to a moment in the middle, before the last user, and on from there in the place of the old directory, while the archiver runs.
  const latest = Math.min(one.to - (one.to - from) / 4, first.users.at(-1)!.sent - 1)
  const back = ground.random.between(Math.min(from + (one.to - from) / 3, latest), latest)
  const restored = join(folder, 'restored')
  await succeed('restore', 'start', '--to-time', time(back), '--skip-checks', '--to-dir', restored, '--repo', repo)
  const last = (await loggedIn(restored)).at(-1)!
  await rename(dataDir, join(folder, 'old'))
  await rename(restored, dataDir)
  const begun = Date.now()
  const second = await write(ground, archiver, async (clients) => {
    // One by itself at first, one by hand, and one as the database has gone back.
    await archiver.backedUp(3)
    await clients.advance(150)
  })
  const branch = await lineageOf(repository, { parent: root, after: last.id })
  const shared = log.filter(({ id }) => id <= last.id)
  const own = await expectArchived(repository, branch, dataDir)
  const present = await loggedIn(dataDir, 'system')
  await expectSystemGoneOn(ground, { lineage: branch, left: system, present })
  const notes = [...kept(first.notes, back), ...second.notes]
  const users = [...kept(first.users, back), ...second.users]
  const transactions = [...shared, ...own.filter(({ id }) => id > last.id)]
  const range = { after: last.id, from: begun, to: own.at(-1)!.commitTime }
  return [one, { notes, users, transactions, system: present, lineage: branch, ...range }]
}

/** What a test does to the server that clients write to. */
interface Server {
  restart(): Promise<void>
  /** Which is a transaction of the database `system`. */
  createUser(): Promise<void>
}

/** Lets clients write to a server while something happens, and waits until all they wrote is archived; then the server is stopped. */
async function write(
  { folder, version, settings }: Ground,
  archiver: ArchiverProcess,
  happens: (clients: MarkerClients, server: Server) => Promise<void>,
): Promise<Written> {
  const users: Note[] = []
  await using clients = new MarkerClients({ clients: 5, pace: 20, size: 900, first: Date.now() })
  let server = await startIn(folder, version, { settings })
  let driver: Driver = openDriver(server.boltUri)
  const restart = async (): Promise<void> => {
    clients.pause()
    await server.stop()
    await driver.close()
    server = await startIn(folder, version, { settings })
    driver = openDriver(server.boltUri)
    clients.resume(driver)
  }
  try {
    clients.resume(driver)
    archiver.start()
    await happens(clients, { restart, createUser: async () => void users.push(await createUser(driver, users.length)) })
    await clients.stop()
    await archiver.reaches(Math.max(...clients.acknowledged.map(({ transaction }) => transaction)))
    return { notes: clients.notes, users }
  } finally {
    await clients.stop()
    await driver.close()
    await server.stop()
  }
}

/** The newest of the second history has the users that it has, though more of `system` is archived of the one that was given up. */
async function expectSystemGoneOn(
  { folder, repo }: Ground,
  { lineage, left, present }: { lineage: string; left: Transaction[]; present: Transaction[] },
): Promise<void> {
  expect(left.at(-1)!.id).toBeGreaterThan(present.at(-1)!.id)
  const target = join(folder, 'newest')
  await succeed('restore', 'start', '--latest', '--lineage', lineage, '--skip-checks', '--to-dir', target, '--repo', repo)
  expect(wrongEnd(present, Infinity, await loggedIn(target, 'system'))).toEqual([])
  await rm(target, { recursive: true })
}

async function lineageOf({ archive }: Repository, branch: { parent: string; after: number } | undefined): Promise<string> {
  const lineages = await Promise.all((await archive.list()).lineages.map(async (id) => archive.readLineage(id)))
  const fitting = lineages.filter(({ database, id }) => database === 'neo4j' && (id === rootOf(id)) === (branch === undefined))
  expect(fitting.map((lineage) => lineage.branch)).toEqual([branch])
  return fitting[0]!.id
}

/** Says of the markers in a restored database what is wrong with it. */
type Judge = (markers: ReadonlySet<string>) => string[]

async function restoreToMoment({ repo, random }: Ground, history: History, target: string): Promise<Judge> {
  const { notes, lineage } = history
  const moment = momentIn(history, random)
  const point = ['--to-time', time(moment), '--lineage', lineage]
  await succeed('restore', 'start', ...point, '--skip-checks', '--to-dir', target, '--repo', repo)
  const last = (await loggedIn(target)).at(-1)!
  const wrongSystem = await judgeSystem(history, moment, target)
  return (markers) => [...brokenPromises(notes, moment, last.id), ...wrongMarkers(notes, moment, markers), ...wrongSystem]
}

/** Every other one is beside a transaction of `system`, where there is one. */
function momentIn({ system, from, to }: History, random: Random): number {
  const times = system.map(({ commitTime }) => commitTime).filter((commitTime) => from < commitTime && commitTime < to)
  return times.length > 0 && random.chance(0.5) ? random.pick(times) + random.between(-1, 1) : random.between(from, to)
}

async function restoreToTransaction(ground: Ground, history: History, target: string): Promise<Judge> {
  const { repo, random } = ground
  const { id, checksum, commitTime } = random.pick(restorable(history))
  const point = random.chance(0.5) ? ['--to-tx', String(id)] : ['--before-tx', String(id + 1)]
  await succeed('restore', 'start', ...point, '--lineage', history.lineage, '--skip-checks', '--to-dir', target, '--repo', repo)
  const last = (await loggedIn(target)).at(-1)!
  const wrong = last.id === id && last.checksum === checksum ? [] : [`expected transaction ${id}, found ${last.id}`]
  const wrongSystem = await judgeSystem(history, commitTime, target)
  return (markers) => [...wrong, ...missingMarkers(history.notes, id, markers), ...wrongSystem]
}

/** What is wrong with the log of `system` after a restore to a moment, by the commit times in it and by the users that clients know of. */
async function judgeSystem({ system, users }: History, moment: number, target: string): Promise<string[]> {
  const restored = await loggedIn(target, 'system')
  return [...wrongEnd(system, moment, restored), ...brokenPromises(users, moment, restored.at(-1)!.id)]
}

async function restoreAndAsk({ version, repo, random, folder }: Ground, history: History, target: string): Promise<void> {
  const moment = momentIn(history, random)
  const point = ['--to-time', time(moment), '--lineage', history.lineage, '--neo4j-version', version]
  const { verdict, checks } = await succeed<RestoreReport>('restore', 'start', ...point, '--to-dir', target, '--repo', repo)
  expect(verdict, JSON.stringify(checks)).toBe('good')
  expect(checks.filter(({ name }) => name === 'neo4j-admin database check').length).toBeGreaterThan(0)
  const home = join(folder, `home-${random.between(0, 1e9)}`)
  await using server = await startNeo4j({ installation: await installed(version), home, dataDir: target })
  const driver = openDriver(server.boltUri)
  try {
    expect(wrongMarkers(history.notes, moment, await readMarkers(driver))).toEqual([])
    expect(wrongMarkers(history.users, moment, await readUsers(driver))).toEqual([])
  } finally {
    await driver.close()
  }
}

function restorable({ transactions, after }: History): Transaction[] {
  return transactions.filter(({ id }) => id > after)
}

/** What was under way at a moment may be there or not; nothing that was sent later is. */
function kept(notes: readonly Note[], moment: number): Note[] {
  const unanswered = ({ client, number, sent }: Note): Note => ({ client, number, sent })
  const before = notes.filter(({ sent }) => sent <= moment)
  return before.map((note) => ((note.acknowledged ?? Infinity) <= moment ? note : unanswered(note)))
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
