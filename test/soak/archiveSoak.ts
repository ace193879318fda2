import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Driver } from 'neo4j-driver'
import type { Neo4jInstance } from '../../src/neo4j/neo4jInstance.ts'
import { rootOf } from '../../src/repository/segmentName.ts'
import { ArchiverProcess } from '../support/archiverProcess.ts'
import { succeed } from '../support/holdfast.ts'
import { MarkerClients, openDriver } from '../support/markerClients.ts'
import { startIn } from '../support/neo4j.ts'
import { archivedIn, brokenPromises, differences, loggedIn } from '../support/pointInTimeChecks.ts'
import { repositoryIn } from '../support/storageAt.ts'
import type { WatchedPlace } from '../support/watchedPlace.ts'
import type { Random } from '../support/workload/random.ts'
import type { ArchiveTally } from './archiveTally.ts'

export interface ArchiveSoakOptions {
  rounds: number
  /** All that is archived is compared with the log after so many rounds. */
  compareEvery: number
  restores: number
  version: string
  /** A folder for everything but the repository; it is kept where something fails. */
  folder: string
  /** For the repository, which is made there. */
  place: WatchedPlace
  random: Random
  say: (line: string) => void
}

/** Kills the archiver, Neo4j or both at random moments while clients write, and compares what is archived with what was logged. */
export async function soakArchive(options: ArchiveSoakOptions, tally: ArchiveTally): Promise<void> {
  const { rounds, compareEvery, restores, folder, random, say } = options
  await using ground = await Ground.begin(options, tally)
  for (let round = 1; round <= rounds; round++) {
    await ground.atRandomMoment()
    const victims = random.weighted({ archiver: 75, neo4j: 10, both: 15 })
    if (victims !== 'neo4j') await ground.killArchiver()
    if (victims !== 'archiver') await ground.killNeo4j()
    if (victims !== 'neo4j') ground.startArchiver()
    tally.rounds++
    const compared = round % compareEvery === 0 || round === rounds ? await ground.compare() : ''
    say(`round ${round}: killed ${victims}; ${ground.clients.acknowledged.length} markers acknowledged${compared}`)
  }
  for (let restore = 1; restore <= restores; restore++) await ground.restore(restore)
  await rm(join(folder, 'restored'), { recursive: true, force: true })
}

/** A server, its clients, and the archiver of its log. */
class Ground implements AsyncDisposable {
  readonly clients = new MarkerClients({ clients: 4, pace: 40 })
  readonly #options: ArchiveSoakOptions
  readonly #tally: ArchiveTally
  #server: { instance: Neo4jInstance; driver: Driver } | undefined
  #archiver: ArchiverProcess | undefined
  #lineage = ''
  /** When the backup was there that restores begin with. */
  #since = 0
  /** Up to when all that was acknowledged is known to be archived; of what comes later a restore says that it may be missing. */
  #until = 0

  private constructor(options: ArchiveSoakOptions, tally: ArchiveTally) {
    this.#options = options
    this.#tally = tally
  }

  static async begin(options: ArchiveSoakOptions, tally: ArchiveTally): Promise<Ground> {
    const ground = new Ground(options, tally)
    try {
      await ground.#begin()
      return ground
    } catch (error) {
      await ground[Symbol.asyncDispose]()
      throw error
    }
  }

  async #begin(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true })
    await succeed('repo', 'init', '--repo', this.#repo)
    await this.#startNeo4j()
    await this.clients.advance(20)
    await succeed('backup', 'create', '--data-dir', this.#dataDir, '--repo', this.#repo, '--uri', this.#server!.instance.boltUri)
    this.#since = Date.now()
    const { archive } = await repositoryIn(this.#repo)
    this.startArchiver()
    await this.#archiver!.until(async () => (await archive.list()).lineages.length > 0)
    for (const id of (await archive.list()).lineages) {
      const { database } = await archive.readLineage(id)
      if (database === 'neo4j') this.#lineage = id
    }
  }

  get #dataDir(): string {
    return join(this.#options.folder, 'data')
  }

  get #repo(): string {
    return this.#options.place.repo
  }

  /** Some time after the archiver was started, or while it writes an object, one of the first ones or of the later ones. */
  async atRandomMoment(): Promise<void> {
    const { random, place } = this.#options
    if (random.chance(0.4)) return delay(random.between(50, 3000))
    using moment = place.atWrite(random.between(1, random.pick([3, 30])))
    await moment.reached
  }

  startArchiver(): void {
    const { random } = this.#options
    const interval = random.pick(['50ms', '300ms', '1s'])
    this.#archiver = new ArchiverProcess({ dataDir: this.#dataDir, repo: this.#repo, interval })
    this.#archiver.start()
  }

  /** @throws Error where it had ended by itself. */
  async killArchiver(): Promise<void> {
    await this.#archiver!.kill()
    this.#tally.killsOfArchiver++
  }

  async killNeo4j(): Promise<void> {
    this.clients.pause()
    await this.#server!.instance.kill()
    await this.#server!.driver.close()
    this.#tally.killsOfNeo4j++
    await this.#startNeo4j()
  }

  async #startNeo4j(): Promise<void> {
    const { folder, version, random } = this.#options
    const settings = {
      'db.checkpoint.interval.time': '2s',
      'db.tx_log.rotation.size': random.pick(['128k', '512k', '4m']),
      'db.tx_log.rotation.retention_policy': 'keep_all',
      'db.tx_log.preallocate': random.pick(['true', 'false']),
    }
    const instance = await startIn(folder, version, { settings })
    const driver = openDriver(instance.boltUri)
    this.#server = { instance, driver }
    this.clients.resume(driver)
  }

  /** Waits until all that is acknowledged now is archived, and compares the whole archive with the whole log. */
  async compare(): Promise<string> {
    await this.clients.advance(1)
    const newest = Math.max(...this.clients.acknowledged.map(({ transaction }) => transaction))
    const log = (await loggedIn(this.#dataDir)).filter(({ id }) => id <= newest)
    const archivedUpTo = log.at(-1)!.commitTime - 1
    const { archive } = await repositoryIn(this.#repo)
    const reaches = async (): Promise<boolean> =>
      (await archive.list()).segments.some(({ lineage, last }) => lineage === this.#lineage && last >= newest)
    await this.#archiver!.until(reaches)
    await this.#requireOne()
    const archived = await archivedIn(await repositoryIn(this.#repo), this.#lineage)
    const lacking = differences(log, archived)
    if (lacking.length > 0) throw new Error(`the archive is not the log:\n${lacking.slice(0, 20).join('\n')}`)
    this.#until = archivedUpTo
    this.#tally.comparisons++
    this.#tally.transactionsCompared += archived.size
    this.#tally.markers = this.clients.acknowledged.length
    return `; all ${archived.size} transactions archived as they were logged`
  }

  /** Nothing that happened makes a gap or another lineage. */
  async #requireOne(): Promise<void> {
    const { lineages, gaps, segments } = await (await repositoryIn(this.#repo)).archive.list()
    this.#tally.segments = segments.length
    if (gaps.length > 0 || lineages.some((id) => id !== rootOf(id)))
      throw new Error(`expected no gaps and no branches: ${JSON.stringify({ lineages, gaps })}`)
  }

  /** Restores to a random moment, and judges by the last transaction that is in the restored log. */
  async restore(number: number): Promise<void> {
    const { folder, random } = this.#options
    const notes = this.clients.acknowledged
    const time = random.between(this.#since, this.#until)
    const target = join(folder, 'restored', String(number))
    // Every fourth with all checks of Holdfast on a scratch Neo4j, the others without a server.
    const checks = number % 4 === 0 ? ['--neo4j-version', this.#options.version] : ['--skip-checks']
    const moment = ['--to-time', new Date(time).toISOString(), ...checks, '--to-dir', target, '--repo', this.#repo]
    const { verdict } = await succeed<{ verdict: string }>('restore', 'start', ...moment)
    if (verdict !== (number % 4 === 0 ? 'good' : 'unchecked'))
      throw new Error(`verdict ${verdict} at ${new Date(time).toISOString()}`)
    const last = (await loggedIn(target)).at(-1)!.id
    const broken = brokenPromises(notes, time, last)
    if (broken.length > 0) throw new Error(`restored to ${new Date(time).toISOString()}:\n${broken.slice(0, 20).join('\n')}`)
    this.#tally.restores++
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#archiver?.[Symbol.asyncDispose]()
    await this.clients.stop()
    await this.#server?.driver.close()
    await this.#server?.instance.kill()
  }
}
